package parse

import (
	"bytes"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/parse/jsonscan"
	"github.com/errwatch/errwatch/internal/parse/logfmt"
	"github.com/errwatch/errwatch/internal/parse/timestamp"
)

// clock reads the time of a record. Only records that yield an event are asked.
type clock struct {
	keys   []string // of structured records, in order of preference
	getter *jsonscan.Getter
	layout *timestamp.Layout
	words  int // of a layout that is not auto: so many words at the start of a text may be its stamp
	zone   *time.Location
}

// timeKeys are where structured loggers put the time; the first that can be read counts.
func timeKeys() []string { return []string{"ts", "time", "timestamp", "@timestamp", "date"} }

func newClock(o TimeOptions) (clock, error) {
	c := clock{keys: timeKeys(), zone: o.Zone}
	if c.zone == nil {
		c.zone = time.UTC
	}
	if o.Field != "" {
		c.keys = []string{o.Field}
	}
	c.getter = jsonscan.NewGetter(c.keys)
	if o.Layout != "" && !strings.EqualFold(o.Layout, "auto") {
		c.words = len(strings.Fields(o.Layout))
	}
	var err error
	c.layout, err = timestamp.Compile(o.Layout, c.zone)
	return c, err
}

// timeSource is where the time of a record was read.
type timeSource uint8

const (
	timeNowhere timeSource = iota
	timeCaptured
	timeField
	timeText
	timeEnvelope
)

func (s timeSource) String() string {
	return [...]string{"", "pattern", "field", "text", "envelope"}[s]
}

// timeOf returns the time of a record: what the pattern captured, else the time field, else a stamp in the text, else what
// the container runtime wrote. hasZone: the stamp itself fixes the instant. Zero where nothing can be read.
func (st *Stream) timeOf(r *record, f *found) (t time.Time, hasZone bool, from timeSource) {
	c := &st.set.clock
	t, hasZone, ok := c.parse(f.time, st.read)
	if ok {
		return t, hasZone, timeCaptured
	}
	switch st.view.format {
	case formatJSON:
		t, hasZone, ok = st.timeInJSON(c)
	case formatLogfmt:
		t, hasZone, ok = st.timeInLogfmt(c)
	}
	if ok {
		return t, hasZone, timeField
	}
	if t, hasZone, ok = c.inText(&st.minute, r.text, st.read); ok {
		return t, hasZone, timeText
	}
	if len(f.text) != len(r.text) { // the match is in a string of the record
		if t, hasZone, ok = c.inText(&st.minute, f.text, st.read); ok {
			return t, hasZone, timeText
		}
	}
	if t, hasZone, _, ok = timestamp.Parse(r.stamp, c.zone, st.read); ok {
		return t, hasZone, timeEnvelope
	}
	return time.Time{}, false, timeNowhere
}

// parse reads a value that is a stamp; nothing is none, without the error that a Go layout would make of it.
func (c *clock) parse(b []byte, ref time.Time) (t time.Time, hasZone, ok bool) {
	if len(b) == 0 {
		return time.Time{}, false, false
	}
	return c.layout.Parse(b, ref)
}

func (st *Stream) timeInJSON(c *clock) (t time.Time, hasZone, ok bool) {
	if cap(st.raw) < len(c.keys) {
		st.raw = make([]jsonscan.Value, len(c.keys))
	}
	raw := st.raw[:len(c.keys)]
	st.scratch, _ = c.getter.Get(st.view.text, raw, st.scratch[:0])
	for i := range raw {
		var text []byte
		text, st.scratch, _ = raw[i].Text(st.scratch)
		if t, hasZone, ok = c.parse(text, st.read); ok {
			return t, hasZone, true
		}
	}
	return t, hasZone, false
}

func (st *Stream) timeInLogfmt(c *clock) (t time.Time, hasZone, ok bool) {
	for _, key := range c.keys {
		text, _, _ := logfmt.Get(st.view.text, key)
		if t, hasZone, ok = c.parse(text, st.read); ok {
			return t, hasZone, true
		}
	}
	return t, hasZone, false
}

// inText reads the stamp of a text. A configured layout says nothing of where the stamp stands: it is tried on the first
// words of the text, as many as it has itself.
func (c *clock) inText(m *timestamp.Minute, text []byte, ref time.Time) (t time.Time, hasZone, ok bool) {
	if c.words > 0 {
		if t, hasZone, ok = c.layout.Parse(firstWords(text, c.words), ref); ok {
			return t, hasZone, true
		}
	}
	return m.Find(text, c.zone, ref)
}

// firstWords returns the first n words of text without the brackets around them.
func firstWords(text []byte, n int) []byte {
	text = bytes.TrimLeft(text[:min(len(text), 128)], " \t[(")
	end := 0
	for ; n > 0 && end < len(text); n-- {
		for end < len(text) && text[end] == ' ' {
			end++
		}
		for end < len(text) && text[end] != ' ' {
			end++
		}
	}
	return bytes.TrimRight(text[:end], "])|,;")
}
