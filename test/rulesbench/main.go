// Command rulesbench measures the rules alone at their limits: 100 rules with 20,000 groups, and events that go round all
// of them. It prints what an event costs, what the state takes in memory and on disk, how long the commits of four times a
// second take, and how long a restart. The state lies on a real disk, in SQLite, and each commit is synced.
//
// Every case runs in a process of its own, so that its memory is its own. Nothing waits for a clock: a commit follows as
// soon as its events were counted, which is harder on a disk than a quarter of a second in between.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
)

// job is what one process measures.
type job struct {
	rules, groups int
	rate          int // events per second of the time in their lines
	commits       int
	matched       int // rules in which each event counts
	dir           string
}

func main() {
	j := job{matched: 1}
	var cases string
	var one bool
	flag.IntVar(&j.rules, "rules", 100, "how many rules")
	flag.IntVar(&j.groups, "groups", 20_000, "how many groups in all rules")
	flag.IntVar(&j.rate, "rate", 50_000, "events per second")
	flag.IntVar(&j.commits, "commits", 1000, "commits to measure, four for each second of events")
	flag.StringVar(&cases, "matched", "1,10", "in how many of the rules each event counts, one case for each number")
	flag.StringVar(&j.dir, "dir", "", "folder for the state (default: a temporary one)")
	flag.BoolVar(&one, "one", false, "measure one case here and print it as JSON (rulesbench calls itself so)")
	flag.Parse()
	if err := run(j, cases, one); err != nil {
		fmt.Fprintln(os.Stderr, "rulesbench:", err)
		os.Exit(1)
	}
}

func run(j job, cases string, one bool) error {
	if one {
		if _, err := fmt.Sscan(cases, &j.matched); err != nil {
			return fmt.Errorf("-matched %q: a number is needed: %w", cases, err)
		}
		r, err := j.measure()
		if err != nil {
			return err
		}
		return json.NewEncoder(os.Stdout).Encode(r)
	}
	var results []result
	names := strings.Split(cases, ",")
	for _, c := range names {
		r, err := j.apart(c)
		if err != nil {
			return fmt.Errorf("matched by %s: %w", c, err)
		}
		results = append(results, r)
	}
	fmt.Printf("%d rules, %d groups, %d events/s, %d commits of %d events; %s, %d cores, %s/%s\n\n", j.rules, j.groups, j.rate,
		j.commits, j.perCommit(), runtime.Version(), runtime.NumCPU(), runtime.GOOS, runtime.GOARCH)
	printTable(os.Stdout, names, results, j.rate)
	return nil
}

// apart measures a case in a process of its own.
func (j job) apart(matched string) (result, error) {
	self, err := os.Executable()
	if err != nil {
		return result{}, err
	}
	cmd := exec.Command(self, "-one", "-matched", matched, "-dir", j.dir, "-rules", fmt.Sprint(j.rules), "-groups", fmt.Sprint(j.groups),
		"-rate", fmt.Sprint(j.rate), "-commits", fmt.Sprint(j.commits))
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return result{}, err
	}
	var r result
	return r, json.Unmarshal(out, &r)
}

// perCommit is how many events come between two commits.
func (j job) perCommit() int { return j.rate / 4 }
