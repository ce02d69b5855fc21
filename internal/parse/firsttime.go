package parse

import (
	"bytes"
	"time"
)

// firstTimeLines bounds how many lines FirstTime looks at.
const firstTimeLines = 50

// FirstTime returns the time of the first line of data that has one, zero where none of the first lines has. ref is the
// present: it decides the year of stamps without one. It is for the order in which old files are read.
func (s *Set) FirstTime(data []byte, ref time.Time) time.Time {
	return s.NewStream().FirstTime(data, ref)
}

// FirstTime is Set.FirstTime for one who asks often. It makes the stream's last result invalid.
func (st *Stream) FirstTime(data []byte, ref time.Time) time.Time {
	s := st.set
	st.reset()
	defer st.giveUp()
	st.read = ref
	for range firstTimeLines {
		text, rest, whole := bytes.Cut(data, []byte{'\n'})
		if !whole {
			return time.Time{}
		}
		data = rest
		sh := unwrap(trimEnd(text), s.envelope)
		r := record{text: st.plain(st.body(&sh)), env: sh.envelope, stamp: sh.stamp}
		st.view.reset(r.text)
		var f found
		if t, _, _ := st.timeOf(&r, &f); !t.IsZero() {
			return t
		}
	}
	return time.Time{}
}

// giveUp releases what was borrowed for nothing.
func (st *Stream) giveUp() {
	if st.large != nil {
		st.Release()
	}
}
