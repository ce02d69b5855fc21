package sim

import (
	"bytes"
	"iter"
	"slices"
	"time"
)

// The envelopes of a Case.
const (
	Bare       = "none"
	Docker     = "docker"
	CRI        = "cri"
	CRIPartial = "cri-partial" // the record comes in pieces, with records of the other stream in between
)

// What the line of a Case says about its code.
const (
	CarryCode       = "code"         // the code alone
	CarryName       = "name"         // the name alone
	CarryBoth       = "both"         // both, agreeing
	CarryAlias      = "alias"        // the code and another spelling of its name
	CarryAliasAlone = "alias-alone"  // another spelling of the name alone
	CarryConflict   = "conflict"     // the code and the name of another one
	CarryStray      = "stray"        // a number that nobody knows, and a name
	CarryForeign    = "foreign"      // a name that only another catalogue knows, with its code there
	CarryUnknown    = "unknown"      // a code that nobody knows
	CarryUnknownToo = "unknown-both" // a code and a name that nobody knows
)

// CorpusOptions says which codes the lines are made of.
type CorpusOptions struct {
	Seed    uint64
	Codes   []Code // the catalogue with which the lines are to be read; at least two
	Foreign []Code // codes of other catalogues: those whose names Codes lacks make the cases of CarryForeign
}

// Case is one record as it may stand in a file, and what it amounts to.
type Case struct {
	Name    string // unique in a corpus: "onError/docker/both/3014", "decoy/port/cri/4009"
	Shape   string
	Carry   string // "" for a decoy
	Raw     []byte // the lines as they stand in a file, each with its end
	Lines   int    // how many these are
	Records int    // how many records, once partial ones are joined
	Want    *Want  // nil: no event
}

// Want is the one event of a Case.
type Want struct {
	Code, Name, Category string
	Conflict             bool
	Meeting, Participant string    // "" where the line does not say
	Text                 string    // the record without its envelope
	Time                 time.Time // of the line, else of the envelope, UTC; zero where neither has one
}

// Corpus yields every shape in every envelope with every code, in every way in which the shape can carry it, and every
// decoy with ten codes. The same options yield the same cases.
func Corpus(o CorpusOptions) iter.Seq[Case] {
	return func(yield func(Case) bool) {
		c := &corpus{CorpusOptions: o, rng: newRNG(o.Seed), at: time.Date(2026, 11, 20, 10, 15, 23, 123e6, time.UTC), yield: yield}
		c.other = string(newWorld(o.Seed, o.Codes).meetingID())
		for _, s := range shapes() {
			if !c.shape(s) {
				return
			}
		}
		for _, d := range decoys() {
			if !c.decoy(d) {
				return
			}
		}
	}
}

type corpus struct {
	CorpusOptions
	rng   *rng
	at    time.Time
	other string // a meeting, for what needs any
	yield func(Case) bool
}

// claim is what a line says, and what that amounts to.
type claim struct {
	carry      string
	id         string // ends the name of the case
	code, name string
	message    string
	want       *Code // nil: no event
	conflict   bool
}

func (c *corpus) shape(s shape) bool {
	for _, claim := range c.claims(s) {
		for _, envelope := range []string{Bare, Docker, CRI, CRIPartial} {
			if !c.yield(c.event(s, claim, envelope)) {
				return false
			}
		}
	}
	return true
}

func (c *corpus) claims(s shape) []claim {
	var out []claim
	for i := range c.Codes {
		out = append(out, c.claimsOf(i)...)
	}
	for i := range c.Foreign {
		f := &c.Foreign[i]
		if !c.knowsName(f.Name) {
			out = append(out, claim{carry: CarryForeign, code: f.Code, name: f.Name, id: f.Code, want: f, conflict: true})
		}
	}
	for _, code := range c.unknown() {
		unknown := claim{carry: CarryUnknown, id: code, code: code}
		if s.strict {
			unknown.want = &Code{Code: code, Category: "unknown"}
		}
		both := unknown
		both.carry, both.name = CarryUnknownToo, "SOMETHING_NEW_HAPPENED"
		out = append(out, unknown, both)
	}
	return slices.DeleteFunc(out, func(k claim) bool {
		return k.name == "" && !s.codeOnly || k.code == "" && !s.nameOnly
	})
}

// claimsOf returns what a line can say with the i-th code.
func (c *corpus) claimsOf(i int) []claim {
	k := &c.Codes[i]
	another := &c.Codes[(i+1+c.rng.n(len(c.Codes)-1))%len(c.Codes)]
	out := []claim{
		{carry: CarryCode, code: k.Code},
		{carry: CarryName, name: k.Name},
		{carry: CarryBoth, code: k.Code, name: k.Name},
		{carry: CarryConflict, code: another.Code, name: k.Name, conflict: true},
	}
	if stray := c.unknown(); len(stray) > 0 {
		out = append(out, claim{carry: CarryStray, code: stray[i%len(stray)], name: k.Name, conflict: true})
	}
	for _, alias := range k.Aliases {
		out = append(out,
			claim{carry: CarryAlias, code: k.Code, name: alias, id: "-" + alias},
			claim{carry: CarryAliasAlone, name: alias, id: "-" + alias})
	}
	for j := range out {
		out[j].id, out[j].message, out[j].want = k.Code+out[j].id, k.Message, k
	}
	return out
}

func (c *corpus) knowsName(name string) bool {
	return slices.ContainsFunc(c.Codes, func(k Code) bool { return k.Name == name || slices.Contains(k.Aliases, name) })
}

// strange returns numbers that are no code of any of the catalogues.
func (c *corpus) strange() []string {
	return slices.DeleteFunc(strangeCodes(), func(s string) bool {
		is := func(k Code) bool { return k.Code == s }
		return slices.ContainsFunc(c.Codes, is) || slices.ContainsFunc(c.Foreign, is)
	})
}

// unknown returns the strange numbers that look like codes.
func (c *corpus) unknown() []string {
	return slices.DeleteFunc(c.strange(), func(s string) bool { return len(s) != 4 })
}

func (c *corpus) event(s shape, k claim, envelope string) Case {
	c.at = c.at.Add(time.Duration(c.rng.between(1, 3000)) * time.Millisecond)
	w := world{rng: c.rng}
	p := parts{
		at: c.at, code: k.code, name: k.name, message: k.message,
		meeting: w.meetingID(), participant: w.personID(),
		meetingKey:     pick(c.rng, []string{"meetingId", "meeting_id", "meeting", "roomId", "room_id", "room"}),
		participantKey: pick(c.rng, []string{"participantId", "participant_id", "participant", "peerId", "peer_id", "userId", "user_id", "uid"}),
	}
	if p.message == "" {
		p.message = "The request could not be completed."
	}
	if s.time == 0 {
		p.at = c.at.Truncate(time.Second) // then only the envelope shows it
	} else {
		p.at = c.at.Truncate(s.time)
	}
	text := s.write(nil, &p)
	out := Case{Name: s.name + "/" + envelope + "/" + k.carry + "/" + k.id, Shape: s.name, Carry: k.carry}
	out.wrap(c, [][]byte{text}, envelope, p.at)
	if k.want == nil {
		return out
	}
	out.Want = &Want{Code: k.want.Code, Name: k.want.Name, Category: k.want.Category, Conflict: k.conflict, Text: string(text)}
	if s.fields {
		out.Want.Meeting, out.Want.Participant = p.meeting, p.participant
	}
	if s.time != 0 || envelope != Bare {
		out.Want.Time = p.at
	}
	return out
}

// wrap puts records into their envelope.
func (out *Case) wrap(c *corpus, records [][]byte, envelope string, at time.Time) {
	for _, text := range records {
		out.Records++
		switch envelope {
		case Docker:
			out.Raw = AppendDocker(out.Raw, text, "stderr", at)
		case CRI:
			out.Raw = AppendCRI(out.Raw, text, "stderr", at)
		case CRIPartial:
			out.partial(c, text, at)
		default:
			out.Raw = append(append(out.Raw, text...), '\n')
		}
	}
	out.Lines = bytes.Count(out.Raw, []byte("\n"))
}

// partial cuts text in two to four pieces. Now and then the other stream says something in between: a record belongs to
// the pieces of its own stream.
func (out *Case) partial(c *corpus, text []byte, at time.Time) {
	cuts := make([]int, c.rng.between(1, 3))
	for i := range cuts {
		cuts[i] = c.rng.n(len(text) + 1)
	}
	slices.Sort(cuts)
	from := 0
	for _, cut := range cuts {
		out.Raw = appendCRIRecord(out.Raw, text[from:cut], "stderr", at, 'P')
		from = cut
		if c.rng.oneIn(4) {
			out.Records++
			out.Raw = AppendCRI(out.Raw, []byte("listening port=4009"), "stdout", at)
		}
	}
	out.Raw = appendCRIRecord(out.Raw, text[from:], "stderr", at, 'F')
}

// decoy yields one decoy with ten codes; a stack trace once alone and once below the line whose number it repeats.
func (c *corpus) decoy(d decoy) bool {
	for _, k := range c.decoyCodes(d) {
		for _, envelope := range []string{Bare, Docker, CRI, CRIPartial} {
			c.at = c.at.Add(time.Second)
			text := d.append(nil, c.at, k.Code, pick(c.rng, c.Codes).Code, c.other)
			out := Case{Name: "decoy/" + d.name + "/" + envelope + "/" + k.Code, Shape: d.name}
			out.wrap(c, [][]byte{text}, envelope, c.at)
			if !c.yield(out) || d.trace && !c.yield(c.traced(d, k, text, envelope)) {
				return false
			}
		}
	}
	return true
}

// decoyCodes returns ten codes for a decoy, fewer where there are fewer.
func (c *corpus) decoyCodes(d decoy) []Code {
	if d.strange {
		var out []Code
		for _, code := range c.strange() {
			out = append(out, Code{Code: code})
		}
		return out
	}
	out := slices.Clone(c.Codes)
	for i := range out {
		j := i + c.rng.n(len(out)-i)
		out[i], out[j] = out[j], out[i]
	}
	return out[:min(10, len(out))]
}

// traced is an event with the stack trace that repeats its number: it counts once.
func (c *corpus) traced(d decoy, k Code, trace []byte, envelope string) Case {
	text := writeOnError(nil, &parts{at: c.at, code: k.Code})
	out := Case{Name: "decoy/" + d.name + "-below/" + envelope + "/" + k.Code, Shape: d.name}
	out.Want = &Want{Code: k.Code, Name: k.Name, Category: k.Category, Text: string(text), Time: c.at}
	out.wrap(c, [][]byte{text, trace}, envelope, c.at)
	return out
}
