package source

import (
	"path/filepath"
	"strings"
)

// packing is how a rotated file is compressed.
type packing uint8

const (
	plain packing = iota
	gzipped
	zstandard
)

// packingOf tells the packing from a name, and returns the name without its ending.
func packingOf(name string) (string, packing) {
	if s, ok := strings.CutSuffix(name, ".gz"); ok {
		return s, gzipped
	}
	if s, ok := strings.CutSuffix(name, ".zst"); ok {
		return s, zstandard
	}
	return name, plain
}

// parent is a name under which a rotated file may have been written.
type parent struct {
	name string
	// credible says that the name alone is good enough to read a file that was never seen from its beginning. Others
	// are taken only where their content proves them.
	credible bool
}

// minDateDigits is how many digits make a stamp inside a name a date. With fewer, app-1.log is as likely the log of
// another instance as an older part of app.log.
const minDateDigits = 6

// parents lists the names of which name may be a rotated part, as logrotate, lumberjack, log4j and the container
// runtimes name them: app.log.1, app.log-20261120.gz, app-2026-11-20T10-15-23.123.log, app.log.old.
func parents(name string) ([]parent, packing) {
	name, pack := packingOf(name)
	var out []parent
	for _, i := range stamps(name) {
		out = append(out, parent{name[:i], true})
	}
	ext := filepath.Ext(name)
	stem := strings.TrimSuffix(name, ext)
	switch strings.TrimPrefix(ext, ".") {
	case "":
	case "old", "bak", "prev", "last", "save":
		out = append(out, parent{stem, false})
	default:
		for _, i := range stamps(stem) {
			out = append(out, parent{stem[:i] + ext, digits(stem[i:]) >= minDateDigits})
		}
	}
	if len(out) == 0 && pack != plain {
		out = append(out, parent{name, false}) // packed in its place
	}
	return out, pack
}

// rootOf strips from a name all that rotation may have added. It groups names, and proves nothing.
func rootOf(name string) string {
	for {
		ps, _ := parents(name)
		if len(ps) == 0 {
			return name
		}
		for _, p := range ps {
			if len(p.name) < len(name) {
				name = p.name
			}
		}
	}
}

// stamps returns the positions of separators behind which the rest of name is a number, a date or a time.
func stamps(name string) []int {
	var out []int
	for i := len(name) - 1; i > 0; i-- {
		switch c := name[i]; {
		case c == '.' || c == '-' || c == '_':
			if i+1 < len(name) && name[i+1] >= '0' && name[i+1] <= '9' {
				out = append(out, i)
			}
		case c >= '0' && c <= '9', c == 'T', c == 'Z', c == ':', c == '+':
		default:
			return out
		}
	}
	return out
}

func digits(s string) int {
	n := 0
	for i := range len(s) {
		if s[i] >= '0' && s[i] <= '9' {
			n++
		}
	}
	return n
}
