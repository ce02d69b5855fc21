package rules

import "embed"

//go:embed runbooks/*.md
var runbooks embed.FS

// Runbook returns the runbook of a built-in rule or the watchdog, as Markdown; ok is false for other rules.
func Runbook(rule string) (text string, ok bool) {
	b, err := runbooks.ReadFile("runbooks/" + rule + ".md")
	return string(b), err == nil
}
