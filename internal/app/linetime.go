package app

import (
	"bytes"
	"time"

	"github.com/errwatch/errwatch/internal/parse"
)

// lastTimeLines bounds how many lines lastTime looks at: the last ones may be a stack trace.
const lastTimeLines = 50

// lastTime returns the time of the last line of data that has one, zero where none of the last lines has. ref is the
// present.
func lastTime(set *parse.Set, data []byte, ref time.Time) time.Time {
	for range lastTimeLines {
		end := len(data)
		if end == 0 {
			break
		}
		start := bytes.LastIndexByte(data[:end-1], '\n') + 1
		if t := lineTime(set, data[start:], ref); !t.IsZero() {
			return t
		}
		data = data[:start]
	}
	return time.Time{}
}

// lineTime returns the time of one line, with or without its end; zero where it has none.
func lineTime(set *parse.Set, text []byte, ref time.Time) time.Time {
	if len(text) == 0 {
		return time.Time{}
	}
	if text[len(text)-1] != '\n' {
		text = append(bytes.Clone(text), '\n')
	}
	return set.FirstTime(text, ref)
}
