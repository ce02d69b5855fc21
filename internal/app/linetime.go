package app

import (
	"bytes"
	"time"

	"github.com/errwatch/errwatch/internal/rules"
)

// dater finds the time of the first line that has one: a parse.Set, or a Stream where that is asked often.
type dater interface {
	FirstTime(data []byte, ref time.Time) time.Time
}

// lastTimeLines bounds how many lines lastTime looks at: the last ones may be a stack trace.
const lastTimeLines = 50

// lastTime returns the time of the last line of data that has one, zero where none of the last lines has. ref is the
// present.
func lastTime(set dater, data []byte, ref time.Time) time.Time {
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
func lineTime(set dater, text []byte, ref time.Time) time.Time {
	if len(text) == 0 {
		return time.Time{}
	}
	if text[len(text)-1] != '\n' {
		text = append(bytes.Clone(text), '\n')
	}
	return set.FirstTime(text, ref)
}

// shortestSilence is half of how long no line may come before a rule notices; 0 where no rule waits for lines. Half, so
// that a run of lines that is as long as a window is not taken for a gap because only its ends were looked at; and of a
// rule that measures silence by what is usual, so that a gap that is not looked at does not count as more than the window.
func (p *Plan) shortestSilence() time.Duration {
	least := time.Duration(0)
	for i := range p.rules {
		r := &p.rules[i]
		if !waitsForLines(r) {
			continue
		}
		step := r.Window / 2
		if r.Silence != nil {
			step = min(step, time.Duration(float64(r.Window)/r.Silence.Factor))
		}
		if least == 0 || step < least {
			least = step
		}
	}
	return least
}

// waitsForLines says whether a rule is about lines, whatever they are, and not about events.
func waitsForLines(r *rules.Rule) bool {
	m := &r.Match
	return r.Absent && len(m.Codes)+len(m.Names)+len(m.Categories)+len(m.Fields) == 0
}

// eachGap calls f with the times of both lines around each gap of the lines in data that is longer than gap, and of
// others on the way, in order. Lines are taken to be in order of time; a part without gap is not looked into.
func eachGap(set dater, data []byte, ref time.Time, gap time.Duration, f func(time.Time)) {
	first, last := set.FirstTime(data, ref), lastTime(set, data, ref)
	if first.IsZero() || last.Sub(first) <= gap {
		return
	}
	middle := bytes.IndexByte(data[len(data)/2:], '\n') + 1
	if middle == 0 || len(data)/2+middle == len(data) {
		middle = bytes.LastIndexByte(data[:len(data)-1], '\n') + 1 // the last line alone
	} else {
		middle += len(data) / 2
	}
	if middle <= 0 || middle >= len(data) {
		return
	}
	before, after := data[:middle], data[middle:]
	eachGap(set, before, ref, gap, f)
	if t := lastTime(set, before, ref); !t.IsZero() {
		f(t)
	}
	if t := set.FirstTime(after, ref); !t.IsZero() {
		f(t)
	}
	eachGap(set, after, ref, gap, f)
}
