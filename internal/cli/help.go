package cli

import (
	"fmt"

	"github.com/spf13/cobra"
)

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
