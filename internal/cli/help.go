package cli

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// helpMost is how wide help gets at most: longer lines are hard to read.
const helpMost = 100

// showHelp writes the help of a command, as wide as the terminal.
func (v *voice) showHelp(c *cobra.Command) error {
	width := min(cmp.Or(v.outWidth, 80), helpMost)
	var b strings.Builder
	b.WriteString(paragraphs(cmp.Or(c.Long, c.Short), width))
	use := c.UseLine()
	if c.HasAvailableSubCommands() {
		use = c.CommandPath() + " COMMAND"
	}
	fmt.Fprintf(&b, "\nusage:\n  %s\n", use)
	if c.Example != "" {
		fmt.Fprintf(&b, "\nexamples:\n%s\n", c.Example)
	}
	if rows := commandRows(c); len(rows) > 0 {
		b.WriteString("\ncommands:\n" + formatRows(2, width, rows))
	}
	if flags := c.Flags().FlagUsagesWrapped(width); flags != "" {
		b.WriteString("\nflags:\n" + flags)
	}
	if c.HasAvailableSubCommands() {
		fmt.Fprintf(&b, "\nabout a command: %s COMMAND --help\n", c.CommandPath())
	}
	_, err := io.WriteString(v.out, b.String())
	return err
}

// paragraphs wraps text of which lines that begin with a blank stand as they are, and others run on to the next empty
// line.
func paragraphs(text string, width int) string {
	var b strings.Builder
	run := ""
	flush := func() {
		if run != "" {
			b.WriteString(strings.Join(wrap(run, width), "\n") + "\n")
		}
		run = ""
	}
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		switch {
		case line == "" || strings.HasPrefix(line, " "):
			flush()
			b.WriteString(line + "\n")
		case run == "":
			run = line
		default:
			run += " " + line
		}
	}
	flush()
	return b.String()
}

// commandOrder is the order in which people meet the commands; others come behind.
func commandOrder() []string {
	return []string{"demo", "scan", "run", "check", "explain", "replay", "codes", "state"}
}

func commandRows(c *cobra.Command) []row {
	var rows []row
	for _, x := range c.Commands() {
		if x.IsAvailableCommand() || x.Name() == "help" {
			rows = append(rows, row{x.Name(), x.Short})
		}
	}
	place := func(r row) int {
		if i := slices.Index(commandOrder(), r.label); i >= 0 {
			return i
		}
		return len(commandOrder())
	}
	slices.SortStableFunc(rows, func(a, b row) int { return cmp.Compare(place(a), place(b)) })
	return rows
}

// newHelp shows a command's help. Unlike the one that comes with cobra it fails where there is no such command.
func newHelp(root *cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "show the help of a command",
		RunE: func(_ *cobra.Command, args []string) error {
			c, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return unknownCommand(root, args[0])
			}
			return c.Help()
		},
	}
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var out []string
		for _, x := range root.Commands() {
			if x.IsAvailableCommand() {
				out = append(out, x.Name()+"\t"+x.Short)
			}
		}
		return out, cobra.ShellCompDirectiveNoFileComp
	}
	root.SetHelpCommand(c)
	return c
}

// completionHelp says where each shell looks for its completions.
var completionHelp = map[string]string{
	"bash": `Writes completions for bash. They need the package bash-completion.

  for this session    source <(errwatch completion bash)
  for all of them     errwatch completion bash >/etc/bash_completion.d/errwatch`,
	"zsh": `Writes completions for zsh. They need: autoload -U compinit; compinit

  for this session    source <(errwatch completion zsh)
  for all of them     errwatch completion zsh >"${fpath[1]}/_errwatch"`,
	"fish": `Writes completions for fish.

  for this session    errwatch completion fish | source
  for all of them     errwatch completion fish >~/.config/fish/completions/errwatch.fish`,
	"powershell": `Writes completions for PowerShell.

  for this session    errwatch completion powershell | Out-String | Invoke-Expression`,
}

// addCompletion adds cobra's command for completions, in our words.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() != "completion" {
			continue
		}
		c.Short = "write completions for a shell: bash, zsh, fish, powershell"
		c.Long = "Writes completions for a shell. They know commands, flags, codes, categories and sources."
		c.Args = cobra.ArbitraryArgs // so that an unknown shell is told here
		c.RunE = func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return c.Help()
			}
			return usage(fmt.Errorf("unknown shell %q", args[0]), didYouMean(args[0], commandNames(c), "known are bash, fish, powershell, zsh"))
		}
		for _, shell := range c.Commands() {
			shell.Short = "write completions for " + shell.Name()
			shell.Long = completionHelp[shell.Name()]
			if f := shell.Flags().Lookup("no-descriptions"); f != nil {
				f.Usage = "without descriptions"
			}
			wrapArgs(shell)
		}
	}
}
