package app

import (
	"fmt"
	"strings"

	"github.com/errwatch/errwatch/internal/config"
)

// LogrotateConfig is where logrotate's configuration begins on most systems.
const LogrotateConfig = "/etc/logrotate.conf"

// checkTruncation warns where logrotate truncates one of the files, which are those of a path in the configuration, once
// for each of its sections.
func checkTruncation(cfg *config.Config, rotations []*rotation, name string, files []string, at ...any) []config.Problem {
	var problems []config.Problem
	told := map[*rotation]bool{}
	for _, file := range files {
		r := rotationOf(rotations, file)
		if r == nil || r.truncates == "" || told[r] {
			continue
		}
		told[r] = true
		message := fmt.Sprintf("source %s: logrotate uses copytruncate for %s (%s): what is written between its copy and its truncation is lost", name, file, r.truncates)
		problems = append(problems, cfg.Problem(config.Warning, message, r.instead(), -1, at...))
	}
	return problems
}

// instead says what is to be written.
func (r *rotation) instead() string {
	const script = "and a postrotate script that makes the server open its log anew, such as systemctl kill -s HUP NAME.service"
	if fileOf(r.truncates) == fileOf(r.place) {
		return "write create instead, " + script
	}
	return fmt.Sprintf("write nocopytruncate and create between the braces of %s, %s", r.place, script)
}

// fileOf takes the line from a place.
func fileOf(place string) string { return place[:max(0, strings.LastIndexByte(place, ':'))] }
