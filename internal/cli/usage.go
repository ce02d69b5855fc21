package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// unknownCommand is the answer to a word that is no command: what was probably meant, or that it is a path.
func unknownCommand(parent *cobra.Command, word string) error {
	hint := didYouMean(word, commandNames(parent), "see the commands: "+parent.CommandPath()+" --help")
	if _, err := os.Stat(word); err == nil {
		hint = "it is a path: errwatch scan " + quote(word) + " counts what is in it, errwatch run " + quote(word) + " follows it"
	}
	return usage(fmt.Errorf("unknown command %q", word), hint)
}

func commandNames(parent *cobra.Command) []string {
	var names []string
	for _, c := range parent.Commands() {
		if c.IsAvailableCommand() || c.Name() == "help" {
			names = append(names, c.Name())
		}
	}
	return names
}

// flagError puts what the flag parser says into the voice of the rest.
func flagError(c *cobra.Command, err error) error {
	hint := "see the flags: " + c.CommandPath() + " --help"
	var unknown *pflag.NotExistError
	var empty *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		if n := nearest(name, flagNames(c)); n != "" {
			hint = "did you mean --" + n + "?"
		}
		err = fmt.Errorf("unknown flag %s", dashed(name))
	case errors.As(err, &empty):
		err = fmt.Errorf("%s needs a value", dashed(empty.GetSpecifiedName()))
	case errors.As(err, &invalid):
		err = fmt.Errorf("--%s %q is not %s", invalid.GetFlag().Name, invalid.GetValue(), kindOf(invalid.GetFlag()))
	}
	return usage(err, hint)
}

func dashed(name string) string {
	if len(name) == 1 {
		return "-" + name
	}
	return "--" + name
}

// flagNames lists the flags that a command takes.
func flagNames(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	return names
}

// kindOf says what a flag's value should have been.
func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int", "uint64":
		return "a whole number"
	case "duration":
		return "a duration such as 90s or 5m"
	case "bool":
		return "true or false"
	}
	return "a value for it"
}

// quote writes a word as a shell takes it.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:,=+@%~", r)
	}
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return !plain(r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// wrapArgs makes a wrong number of arguments a usage error, as a wrong flag is.
func wrapArgs(c *cobra.Command) {
	check := c.Args
	if check == nil {
		return
	}
	c.Args = func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usage(err, "see how it is used: "+c.CommandPath()+" --help")
		}
		return nil
	}
}

// noArgs refuses any argument.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no arguments, but was given %q", c.CommandPath(), args[0])
	}
	return nil
}
