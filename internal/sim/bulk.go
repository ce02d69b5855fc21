package sim

import (
	"fmt"
	"io"
	"slices"
	"time"
)

// Form is the form of generated lines.
type Form string

// The forms of Text and Server.
const (
	FormText   Form = "text"
	FormJSON   Form = "json"
	FormDocker Form = "docker" // text in Docker's json-file envelope
	FormCRI    Form = "cri"    // text in the envelope of Kubernetes' container runtimes; one line in 400 comes in two pieces

	FormDockerJSON Form = "docker-json" // JSON in Docker's json-file envelope
)

// Forms returns all forms.
func Forms() []Form { return []Form{FormText, FormJSON, FormDocker, FormCRI, FormDockerJSON} }

// json tells whether the lines that the application writes are JSON.
func (f Form) json() bool { return f == FormJSON || f == FormDockerJSON }

func (f Form) check() error {
	if slices.Contains(Forms(), f) {
		return nil
	}
	return fmt.Errorf("unknown form %q of simulated lines: known are %v", f, Forms())
}

// TextOptions says what Text writes. The zero value is good.
type TextOptions struct {
	Form   Form          // FormText if empty
	Seed   uint64        //
	Codes  []Code        // what the events are about; nil: a dozen usual ones
	Shapes []string      // of the events, such as "onError"; nil: all that the form has, in equal parts
	Events float64       // share of records that are events; 0: 0.02, below 0: none
	Decoys float64       // share of records that only look like one; 0: 0.03, below 0: none
	Start  time.Time     // time of the first line; zero: 2026-11-20 10:15:23.123 UTC
	Step   time.Duration // time between lines; 0: 2 ms
}

// Text writes realistic lines to w until they are at least n bytes, and returns what they amount to; on an error of w,
// what was made until then. The same options yield the same bytes. It writes in blocks of about 256 KiB, each of whole
// lines.
func Text(w io.Writer, n int64, o TextOptions) (Truth, error) {
	if o.Form == "" {
		o.Form = FormText
	}
	if err := o.check(); err != nil {
		return Truth{}, err
	}
	if o.Start.IsZero() {
		o.Start = time.Date(2026, 11, 20, 10, 15, 23, 123e6, time.UTC)
	}
	if o.Step <= 0 {
		o.Step = 2 * time.Millisecond
	}
	g := newGenerator(o.Form, o.Seed, o.Codes)
	if o.Shapes != nil {
		g.shapes = slices.DeleteFunc(g.shapes, func(s shape) bool { return !slices.Contains(o.Shapes, s.name) })
	}
	events := perMillion(o.Events, 0.02)
	decoys := events + perMillion(o.Decoys, 0.03)
	out := make([]byte, 0, bulkBlock+1<<14)
	for at := o.Start.UTC(); g.truth.Bytes < n; at = at.Add(o.Step) {
		switch k := g.world.rng.n(1e6); {
		case k < events:
			out = g.event(out, at)
		case k < decoys:
			out = g.decoy(out, at)
		default:
			out = g.noise(out, at)
		}
		if len(out) >= bulkBlock || g.truth.Bytes >= n {
			if _, err := w.Write(out); err != nil {
				return g.truth, err
			}
			out = out[:0]
		}
	}
	return g.truth, nil
}

func (o *TextOptions) check() error {
	if err := o.Form.check(); err != nil {
		return err
	}
	for _, name := range o.Shapes {
		if !slices.ContainsFunc(shapes(), func(s shape) bool { return s.name == name && s.json == o.Form.json() }) {
			return fmt.Errorf("no shape %q of events in the form %s", name, o.Form)
		}
	}
	return nil
}

const bulkBlock = 256 << 10

func perMillion(share, normal float64) int {
	switch {
	case share < 0:
		return 0
	case share == 0:
		share = normal
	}
	return int(share * 1e6)
}

// generator makes records in one form and keeps count of them.
type generator struct {
	form   Form
	world  *world
	truth  Truth
	shapes []shape
	decoys []decoy
	line   builder
}

func newGenerator(form Form, seed uint64, codes []Code) *generator {
	g := &generator{form: form, world: newWorld(seed, codes), truth: Truth{Events: map[string]int64{}}}
	g.line.json = form.json()
	for _, s := range shapes() {
		if s.json == g.line.json {
			g.shapes = append(g.shapes, s)
		}
	}
	for _, d := range decoys() {
		if d.json == g.line.json && !d.trace {
			g.decoys = append(g.decoys, d)
		}
	}
	return g
}

// noise appends a line of a server in good health, with envelope and line end.
func (g *generator) noise(dst []byte, at time.Time) []byte {
	g.line.buf = g.line.buf[:0]
	g.world.noise(&g.line, at.UnixMilli())
	return g.record(dst, at, "stdout")
}

func (g *generator) decoy(dst []byte, at time.Time) []byte {
	d := pick(g.world.rng, g.decoys)
	code, other := pick(g.world.rng, g.world.codes).Code, pick(g.world.rng, g.world.codes).Code
	if d.strange {
		code = pick(g.world.rng, strangeCodes())
	}
	g.line.buf = d.append(g.line.buf[:0], at, code, other, g.world.meeting().id)
	g.truth.Decoys++
	return g.record(dst, at, "stdout")
}

// event appends an event of one of the world's codes: a third with the code alone, one in fifty with the code of
// another one.
func (g *generator) event(dst []byte, at time.Time) []byte {
	m := g.world.meeting()
	k := pick(g.world.rng, g.world.codes)
	p := parts{at: at, code: k.Code, name: k.Name, message: k.Message, meeting: m.id, participant: g.world.person(m)}
	conflict := false
	switch n := g.world.rng.n(50); {
	case n == 0:
		p.code = pick(g.world.rng, g.world.codes).Code
		conflict = p.code != k.Code
	case n < 17:
		p.name = ""
	case n < 20 && len(k.Aliases) > 0:
		p.name = k.Aliases[0]
	}
	return g.write(dst, pick(g.world.rng, g.shapes), &p, k.Code, conflict)
}

// write appends an event in the given shape and counts it under code.
func (g *generator) write(dst []byte, s shape, p *parts, code string, conflict bool) []byte {
	p.at = p.at.UTC()
	p.meetingKey, p.participantKey = "meetingId", "participantId"
	if p.message == "" {
		p.message = "The request could not be completed."
	}
	g.line.buf = s.write(g.line.buf[:0], p)
	g.truth.event(code, conflict)
	return g.record(dst, p.at, "stderr")
}

// record appends the line under construction in its envelope.
func (g *generator) record(dst []byte, at time.Time, stream string) []byte {
	from := len(dst)
	g.truth.Lines++
	g.truth.Records++
	switch text := g.line.buf; g.form {
	case FormDocker, FormDockerJSON:
		dst = AppendDocker(dst, text, stream, at)
	case FormCRI:
		if g.world.rng.oneIn(400) {
			g.truth.Lines++
			dst = AppendCRI(dst, text, stream, at, g.world.rng.n(len(text)))
		} else {
			dst = AppendCRI(dst, text, stream, at)
		}
	default:
		dst = append(append(dst, text...), '\n')
	}
	g.truth.Bytes += int64(len(dst) - from)
	return dst
}

// trace appends a line of a stack trace that repeats the number of the event above it.
func (g *generator) trace(dst []byte, at time.Time, code string) []byte {
	i := slices.IndexFunc(decoys(), func(d decoy) bool { return d.trace })
	d := decoys()[i]
	g.line.buf = d.append(g.line.buf[:0], at, code, "", "")
	g.truth.Decoys++
	return g.record(dst, at, "stderr")
}

// shape returns the shape of this name, in the form json one of JSON.
func (g *generator) shape(name string) shape {
	for _, s := range g.shapes {
		if s.name == name {
			return s
		}
	}
	return g.shapes[0]
}
