//go:build linux

package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
)

// casesMain lists the cases of the storm: `torture cases`.
func casesMain([]string) error {
	for _, c := range stormCases() {
		fmt.Println(c.name)
	}
	return nil
}

// countMain counts what stands whole in the files below a folder, by class: `torture count DIR`.
func countMain(args []string) error {
	set := flag.NewFlagSet("count", flag.ContinueOnError)
	if err := set.Parse(args); err != nil {
		return err
	}
	if set.NArg() != 1 {
		return errors.New("usage: torture count DIR")
	}
	counts, err := survivors(set.Arg(0), maxClasses)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(account{Counts: counts, Lines: total(counts)})
}
