package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// writeJSON writes one value, indented.
func writeJSON(w io.Writer, value any) error {
	text, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, inertJSON(string(text))+"\n")
	return err
}

// writeJSONLine writes one value as one line.
func writeJSONLine(w io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, inertJSON(string(text))+"\n")
	return err
}

// inertJSON escapes what a terminal would obey and JSON allows as it stands: DEL, the C1 range, what turns the direction
// of writing or hides. All of it can only stand inside strings, so the value stays the same.
func inertJSON(text string) string {
	var b strings.Builder
	for _, r := range text {
		switch {
		case r == '\n' || !hidden(r):
			b.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+(r>>10), 0xdc00+(r&0x3ff))
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}
