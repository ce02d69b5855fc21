package parse

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/line"
)

func seedLines(f *testing.F, add func(line string)) {
	for _, c := range shapes {
		add(c.line)
	}
	for _, d := range decoys {
		add(d)
	}
	for _, w := range wrappers() {
		for _, c := range shapes[:10] {
			add(w.wrap(c.line))
		}
	}
}

// FuzzFeed gives random bytes in random batches, with kills, with and without the filter: all is the same.
func FuzzFeed(f *testing.F) {
	seedLines(f, func(l string) { f.Add([]byte(l+"\n"+l), uint64(len(l)), uint8(3)) })
	var sets, slow []*Set
	for _, o := range joinOptions() {
		sets = append(sets, compile(f, o))
		o.NoPrefilter = true
		slow = append(slow, compile(f, o))
	}
	f.Fuzz(func(t *testing.T, data []byte, seed uint64, which uint8) {
		if len(data) == 0 || len(data) > 4096 {
			return
		}
		// The bytes stand alone, in both envelopes, and cut.
		var all []byte
		for l := range bytes.Lines(data) {
			s := strings.TrimRight(string(l), "\r\n")
			all = append(all, l...)
			all = append(all, dockerLine(s[:len(s)/2], "")...)
			all = append(all, criLine("P", s[:len(s)/3])...)
			all = append(all, dockerLine(s[len(s)/2:], "\n")...)
			all = append(all, criLine("F", s[len(s)/3:])...)
		}
		file := &file{data: all, skipped: map[int]bool{}}
		for at := 0; at < len(all); {
			at = lineEnd(all, at)
			file.ends = append(file.ends, at)
		}
		i := int(which) % len(sets)
		want := readOnce(sets[i], file)
		if got := readKilled(sets[i], file, rand.New(rand.NewPCG(seed, 1)), 1+int(seed%7)); !got.equal(want) {
			t.Fatalf("cut and killed:\n%s\nwant %s", got, want)
		}
		if got := readOnce(slow[i], file); !got.equal(want) {
			t.Fatalf("without the filter:\n%s\nwant %s", got, want)
		}
		if want.lines+want.skippedNo != len(file.ends) {
			t.Fatalf("%d lines and %d skipped of %d", want.lines, want.skippedNo, len(file.ends))
		}
	})
}

// FuzzEnvelopes holds that what is wrapped comes out as it was.
func FuzzEnvelopes(f *testing.F) {
	seedLines(f, func(l string) { f.Add(l) })
	st := compile(f, Options{}).NewStream()
	f.Fuzz(func(t *testing.T, text string) {
		unwrap([]byte(text), envelopeAuto)
		text = strings.ToValidUTF8(strings.Map(func(r rune) rune {
			if r == '\n' || r == '\r' {
				return -1
			}
			return r
		}, text), "")
		for _, end := range []string{"\n", "\r\n", ""} {
			sh := unwrap(trimEnd([]byte(dockerLine(text, end))), envelopeAuto)
			if sh.envelope != envelopeDocker || sh.stream != stderr || sh.partial != (end == "") || string(st.body(&sh)) != text {
				t.Fatalf("docker %q: %+v %q", text, sh, st.body(&sh))
			}
			st.arena = st.arena[:0]
		}
		for _, tag := range []string{"F", "P", "F:x"} {
			sh := unwrap(trimEnd([]byte(criLine(tag, text))), envelopeAuto)
			if sh.envelope != envelopeCRI || sh.stream != stderr || sh.partial != (tag == "P") || string(sh.body) != text {
				t.Fatalf("cri %q: %+v", text, sh)
			}
		}
	})
}

// FuzzPatterns holds a user's regex with the filter against the same without, on a line in every envelope.
func FuzzPatterns(f *testing.F) {
	f.Add(`refused rc=(?P<code>\d{4})`, `dry`, `refused rc=4009`)
	f.Add(`(?i)kicked|(?:ab)+c`, `^x`, `{"m":"k\u0049cked"}`)
	f.Add(`^a.*(?P<name>[A-Z_]+)$`, ``, "a \x1b[31mMAX_SPEAKER_REACHED")
	f.Fuzz(func(t *testing.T, regex, unless, text string) {
		if len(regex) > 60 || len(unless) > 60 || len(text) > 300 || strings.ContainsAny(text, "\r\n") {
			return
		}
		o := Options{Source: "m", Patterns: []Pattern{{Name: "x", Regex: regex, Unless: unless, Code: "4009"}}}
		fast, err := Compile(o)
		if err != nil {
			return
		}
		o.NoPrefilter = true
		slow := compile(t, o)
		for _, w := range []wrapper{wrappers()[0], wrappers()[2], wrappers()[8]} {
			var got, want outcome
			got.add(feedAll(fast, w.wrap(text)))
			want.add(feedAll(slow, w.wrap(text)))
			if !got.equal(&want) {
				t.Fatalf("%s, %q unless %q on %q:\n%s\nwant %s", w.name, regex, unless, text, &got, &want)
			}
		}
		fast.Explain([]byte(text))
	})
}

// FuzzShapes lets nothing in a line change whether the filter sees it, and nothing panic, with the built-in patterns.
func FuzzShapes(f *testing.F) {
	seedLines(f, func(l string) { f.Add(l) })
	fast, slow := compile(f, Options{}), compile(f, Options{NoPrefilter: true})
	f.Fuzz(func(t *testing.T, text string) {
		b := &line.Batch{Data: []byte(text), End: int64(len(text)), Last: true, Read: readAt}
		var got, dense, want outcome
		got.add(fast.NewStream().Feed(b))
		dense.add(feedDense(fast, text))
		want.add(slow.NewStream().Feed(b))
		if !got.equal(&want) || !dense.equal(&want) {
			t.Fatalf("%q:\n%s\nbehind an event: %s\nwant %s", text, &got, &dense, &want)
		}
		fast.Explain([]byte(text))
	})
}
