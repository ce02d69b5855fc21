package parse

import (
	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/event"
)

// found is what a pattern took out of a record.
type found struct {
	code, name, message, time []byte

	text   []byte // in which the match is: the record's, or that of a string in it
	fields int    // where the event's fields start in the stream's
}

// refusal says why a pattern yields nothing for a record. Only Explain asks.
type refusal uint8

const (
	accepted refusal = iota
	noMatch
	noValue      // a path leads to nothing
	notStructure // paths, but the record is neither JSON nor logfmt
	noCode       // nothing that could be a code, name or message was captured
	notInCatalog
	takenBack // by unless
	notAnError
	noText // no documented message
)

// examine holds a record against the candidate patterns, and counts it as unmatched where none matches. It tells whether
// the arena now holds something of an event.
func (st *Stream) examine(r *record) bool {
	s := st.set
	st.view.reset(r.text)
	st.res.Envelopes[r.env-envelopeNone]++
	st.res.Formats[st.view.format-formatText]++
	for i := range s.patterns {
		if !st.cand.has(i) {
			continue
		}
		var f found
		if st.try(&s.patterns[i], &f) == accepted {
			st.emit(r, &s.patterns[i], &f)
			return true
		}
		st.gatherRest()
	}
	if st.level && levelOf(r.text) >= levelError {
		return st.unmatched(r.text)
	}
	return false
}

func (st *Stream) unmatched(text []byte) bool {
	st.res.Unmatched++
	if st.keep == 0 {
		return false
	}
	st.keep--
	st.res.UnmatchedText = append(st.res.UnmatchedText, text)
	return true
}

// try holds the record in st.view against one pattern.
func (st *Stream) try(c *compiled, f *found) refusal {
	f.fields = len(st.fields)
	why := st.match(c, f)
	if why == accepted && c.guardTo > c.guardFrom && st.takesBack(c) {
		why = takenBack
	}
	if why == accepted && c.ErrorLines && !st.saysError(c) {
		why = notAnError
	}
	if why != accepted {
		st.fields = st.fields[:f.fields]
	}
	return why
}

func (st *Stream) match(c *compiled, f *found) refusal {
	switch {
	case c.built.texts:
		return st.matchText(f)
	case c.paths != nil:
		return st.matchPaths(c, f)
	}
	why := st.matchIn(c, st.view.text, f)
	if why == accepted {
		return why
	}
	for _, value := range st.view.strings() {
		if w := st.matchIn(c, value, f); w == accepted {
			return w
		} else if w != noMatch {
			why = w
		}
	}
	return why
}

// matchIn looks for the first acceptable match in one text.
func (st *Stream) matchIn(c *compiled, text []byte, f *found) refusal {
	why := noMatch
	for from := 0; from <= len(text); {
		at := st.find(c, text, from)
		if at == nil {
			return why
		}
		f.code, f.name = cut(text, at, c.code), cut(text, at, c.name)
		f.text, f.message, f.time = text, cut(text, at, c.message), cut(text, at, c.time)
		if why = st.acceptable(c, f); why == accepted {
			st.capture(c, f, at)
			return accepted
		}
		if c.byHand == nil && !c.re.Fits(len(text)) {
			return why // each further match would cost a pass over the whole
		}
		from = max(at[1], from+1)
	}
	return why
}

// cut returns the first of the groups that took part in a match, nil where none did.
func cut(text []byte, at, borders []int) []byte {
	for _, b := range borders {
		if at[b] >= 0 {
			return text[at[b]:at[b+1]:at[b+1]]
		}
	}
	return nil
}

// capture takes over the fields of a match. Where it is in the text of a structured record as it is written, they are
// still escaped.
func (st *Stream) capture(c *compiled, f *found, at []int) {
	escaped := st.view.format != formatText && len(f.text) == len(st.view.text)
	if escaped {
		f.message = st.decoded(&value{text: f.message})
	}
	for _, g := range c.groups {
		if at[g.at] < 0 || at[g.at] == at[g.at+1] {
			continue
		}
		v := f.text[at[g.at]:at[g.at+1]:at[g.at+1]]
		if escaped {
			v = st.decoded(&value{text: v})
		}
		st.fields = append(st.fields, event.Field{Name: g.name, Value: v})
	}
}

// acceptable tells whether what was taken out can be an event.
func (st *Stream) acceptable(c *compiled, f *found) refusal {
	if c.Reference {
		return accepted
	}
	cat := st.set.cat
	if f.code = st.set.cutCode(f.code); len(f.code) > 0 {
		if c.KnownCodes && cat.ByCode(f.code) == nil && !st.knownName(f.name) {
			return notInCatalog
		}
		return accepted
	}
	if c.Code != "" {
		return accepted
	}
	if st.knownName(f.name) {
		return accepted
	}
	if len(f.message) > 0 && cat.ByMessage(f.message) != nil {
		return accepted
	}
	if len(f.name) > 0 || len(f.message) > 0 {
		return notInCatalog
	}
	return noCode
}

func (st *Stream) knownName(name []byte) bool {
	if len(name) == 0 || !st.set.names.mayHold(name) {
		return false
	}
	if st.set.cat.ByName(name) != nil {
		return true
	}
	k, _ := catalog.ForeignName(st.set.cat, name)
	return k != nil
}

// cutCode bounds a code to what can stand in a label and a URL: it ends before the first byte that is no letter, digit,
// '_', '-', '.' or ':', and after MaxCode bytes unless the catalogue knows it as it is. Signs at its end are the text's.
func (s *Set) cutCode(code []byte) []byte {
	n := 0
	for n < len(code) && (isWordByte(code[n]) || code[n] == '-' || code[n] == '.' || code[n] == ':') {
		n++
	}
	for n > 0 && !isWordByte(code[n-1]) {
		n--
	}
	if n > MaxCode && s.cat.ByCode(code[:n]) == nil {
		n = MaxCode
	}
	return code[:n]
}

// emit makes the event.
func (st *Stream) emit(r *record, c *compiled, f *found) {
	e := event.Event{
		Source: st.set.source, Pattern: c.Name, Reference: c.Reference,
		Text: r.text, Read: st.read, Offset: r.start, End: r.end,
	}
	if !c.Reference {
		if c.built.complete {
			st.completeFrom(r.text, c, f)
		}
		st.resolve(&e, c, f)
	}
	e.Message = f.message
	e.Fields = st.fields[f.fields:len(st.fields):len(st.fields)]
	e.Time, e.HasZone, st.timeFrom = st.timeOf(r, f)
	if e.Time.After(st.res.LastTime) {
		st.res.LastTime = e.Time
	}
	st.res.Events = append(st.res.Events, e)
}

// resolve works out what the code and the name of an event amount to.
func (st *Stream) resolve(e *event.Event, c *compiled, f *found) {
	cat := st.set.cat
	code := f.code
	if len(code) == 0 {
		code = c.fixed
	}
	if len(code) == 0 && len(f.name) == 0 {
		if k := cat.ByMessage(f.message); k != nil {
			e.Code, e.Name, e.Category = k.Code, k.Name, k.Category
		}
	} else if cat.ByCode(code) == nil && !st.knownName(f.name) {
		e.Code, e.Category = st.intern(code), catalog.Unknown
	} else {
		r := cat.Resolve(code, f.name)
		e.Code, e.Name, e.Category, e.Conflict = r.Code, r.Name, r.Category, r.Conflict
	}
	if c.Category != "" {
		e.Category = c.Category
	}
}

// intern returns the text of an unknown code, the same string for the same code as far as memory is bounded.
func (st *Stream) intern(code []byte) string {
	if s, ok := st.unknown[string(code)]; ok {
		return s
	}
	if len(st.unknown) >= maxUnknown {
		clear(st.unknown)
	}
	s := string(code)
	st.unknown[s] = s
	return s
}
