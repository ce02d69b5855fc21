package parse

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/catalog"
)

func TestOwnPatterns(t *testing.T) {
	t.Parallel()
	gw := Pattern{Name: "gw", Regex: `refused uid=(?P<participant>\S+) room=(?P<meeting>\S+) rc=(?P<code>\d{4})`, Unless: `dry-run`}
	api := Pattern{Name: "api", Fields: map[string]string{"code": "e.c|code", "meeting": "room", "name": "e.n"}}
	joined := Pattern{Name: "joined", Regex: `joined room=(?P<meeting>\S+)`, Reference: true}
	for _, c := range []struct {
		name    string
		pattern Pattern
		line    string
		want    string // "" for nothing
	}{
		{"regex", gw, `refused uid=u1 room=r1 rc=4009`, people + " participant=u1 meeting=r1"},
		{"unknown code", gw, `refused uid=u1 room=r1 rc=4999`, unknown + " participant=u1 meeting=r1"},
		{"unless", gw, `dry-run: refused uid=u1 room=r1 rc=4009`, ""},
		{"regex in a JSON string", gw, `{"m":"refused uid=u1 room=r1 rc=4009","x":1}`, people + " participant=u1 meeting=r1"},
		{"regex in a logfmt value", gw, `a=1 m="refused uid=\"u1\" room=r1 rc=4009"`, people + ` participant="u1" meeting=r1`},
		{"unless in another JSON string", gw, `{"m":"refused uid=u1 room=r1 rc=4009","mode":"dry\u002drun"}`, ""},
		{"no literal in the line", gw, `{"m":"refused u\u0069d=u1 room=r1 rc=4009"}`, people + " participant=u1 meeting=r1"},
		{"start of a string value", Pattern{Name: "x", Regex: `^refused (?P<code>\d+)$`}, `{"m":"refused 4009"}`, people},
		{"path", api, `{"e":{"c":4009},"room":"r1"}`, people + " meeting=r1"},
		{"path, number as string", api, `{"e":{"c":"0400"},"room":"r1"}`, "0400  unknown meeting=r1"},
		{"path, other alternative", api, `{"code":4009,"room":17}`, people + " meeting=17"},
		{"path, flat", api, `{"e.c":4009}`, people},
		{"path in a string", api, `{"e":"{\"c\":4009}"}`, people},
		{"path in logfmt", api, `e.c=4009 room="r 1"`, people + " meeting=r 1"},
		{"path to a name", api, `{"e":{"n":"MAX_SPEAKER_REACHED"}}`, speaker},
		{"path to an unknown name", api, `{"e":{"n":"WHATEVER"}}`, ""},
		{"path, name and code", api, `{"e":{"n":"MAX_SPEAKER_REACHED","c":4009}}`, speaker + " conflict"},
		{"path, no value", api, `{"e":{"c":null},"room":"r1"}`, ""},
		{"path, object", api, `{"e":{"c":{}},"room":"r1"}`, ""},
		{"path in text", api, `e.c is 4009`, ""},
		{"escaped value", Pattern{Name: "x", Fields: map[string]string{"code": "code", "who": "who"}}, `{"code":4009,"who":"a\"b"}`, people + ` who=a"b`},
		{"fixed code", Pattern{Name: "x", Regex: `kicked (?P<participant>\w+)`, Code: "4005"}, `kicked p1`, "4005 DUPLICATE_PARTICIPANT meeting participant=p1"},
		{"fixed code and category", Pattern{Name: "x", Regex: `kicked`, Code: "K1", Category: "own"}, `kicked`, "K1  own"},
		{"fixed code by path", Pattern{Name: "x", Fields: map[string]string{"meeting": "room"}, Code: "4005"}, `{"room":"r1"}`, "4005 DUPLICATE_PARTICIPANT meeting meeting=r1"},
		{"fixed code by path, no value", Pattern{Name: "x", Fields: map[string]string{"meeting": "room"}, Code: "4005"}, `{"rooms":"r1"}`, ""},
		{"message alone", Pattern{Name: "x", Regex: `sdk says: (?P<message>.*)`}, "sdk says: `token` is empty or invalid or might have expired", token},
		{"unknown message", Pattern{Name: "x", Regex: `sdk says: (?P<message>.*)`}, "sdk says: hello", ""},
		{"name alone", Pattern{Name: "x", Regex: `sdk says: (?P<name>\w+)`}, "sdk says: MAX_PARTICIPANT_REACHED", people},
		{"reference", joined, `joined room=r1`, "reference joined meeting=r1"},
		{"reference by path", Pattern{Name: "j", Fields: map[string]string{"meeting": "joined.room"}, Reference: true}, `{"joined":{"room":"r1"}}`, "reference j meeting=r1"},
		{"long code", Pattern{Name: "x", Regex: `failed with (?P<code>\S+)`}, `failed with ABCDEFGHIJKLMNOPQRSTUVWXYZ`, "ABCDEFGHIJKLMNOP  unknown"},
		{"hostile code", Pattern{Name: "x", Regex: `failed with (?P<code>.+)`}, "failed with 4009\x1b[31m", people},
		{"code with signs behind it", Pattern{Name: "x", Regex: `failed with (?P<code>\S+)`}, "failed with 4009:", people},
		{"empty code", Pattern{Name: "x", Regex: `failed with (?P<code>\d*)`}, "failed with nothing", ""},
		{"known codes", Pattern{Name: "x", Regex: `rc (?P<code>\d{4})`, KnownCodes: true}, "rc 1000 rc 4999 rc 4009", people},
		{"known codes, none", Pattern{Name: "x", Regex: `rc (?P<code>\d{4})`, KnownCodes: true}, "rc 1000 rc 4999", ""},
		{"error lines", Pattern{Name: "x", Regex: `rc (?P<code>\d{4})`, ErrorLines: true}, "WARN rc 4009", people},
		{"error lines, none", Pattern{Name: "x", Regex: `rc (?P<code>\d{4})`, ErrorLines: true}, "INFO rc 4009", ""},
		{"other source", Pattern{Name: "x", Regex: `rc (?P<code>\d{4})`, Sources: []string{"other"}}, "rc 4009", ""},
		{"this source", Pattern{Name: "x", Regex: `rc (?P<code>\d{4})`, Sources: []string{"other", "meeting"}}, "rc 4009", people},
		{"one name in two branches", Pattern{Name: "x", Regex: `failed (?:rc=(?P<code>\d{4})|(?P<code>\d{4}) (?P<meeting>\w+))`}, "failed 4009 r1", people + " meeting=r1"},
		{"alternatives that do not take part", Pattern{Name: "x", Regex: `(?:a(?P<meeting>\d)|b(?P<participant>\d)) rc (?P<code>\d{4})`}, "b1 rc 4009", people + " participant=1"},
	} {
		var want []string
		if c.want != "" {
			want = []string{c.want}
		}
		for _, o := range []Options{{}, {NoPrefilter: true}} {
			o.Patterns = []Pattern{c.pattern}
			s := compile(t, o)
			for _, w := range wrappers() {
				if got := briefs(feedAll(s, w.wrap(c.line))); !slices.Equal(got, want) {
					t.Errorf("%s, %s, without filter %v: got %q, want %q", c.name, w.name, o.NoPrefilter, got, want)
				}
			}
		}
	}
}

func TestFirstPatternWins(t *testing.T) {
	t.Parallel()
	first := Pattern{Name: "first", Regex: `onError code=(?P<code>4009)`}
	for _, c := range []struct{ line, want string }{
		{"onError code=4009", "first"},
		{"onError code=4010", "onerror"},
	} {
		r := feedAll(compile(t, Options{Patterns: append([]Pattern{first}, Builtin()...)}), c.line+"\n")
		if len(r.Events) != 1 || r.Events[0].Pattern != c.want {
			t.Errorf("%s: %d events, want one of pattern %s", c.line, len(r.Events), c.want)
		}
	}
}

// Built-in patterns for which the filter is not derived from the regex: what they ask for must be true of all that they match.
func TestBuiltinLiterals(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	for i := range s.patterns {
		p := &s.patterns[i]
		if len(p.literals) == 0 {
			t.Errorf("pattern %s runs on every line", p.Name)
		}
		for _, l := range p.literals {
			if len(l.Text) < 5 {
				t.Errorf("pattern %s: literal %q is short", p.Name, l.Text)
			}
		}
	}
	if problems := CheckPatterns(Builtin(), s.cat); len(problems) != 0 {
		t.Errorf("the built-in patterns have problems: %+v", problems)
	}
}

// An unless is cut into its branches, which must be the same as the whole.
func TestGuardsEqualTheWhole(t *testing.T) {
	t.Parallel()
	s := compile(t, Options{})
	st := s.NewStream()
	var lines []string
	for _, c := range shapes {
		lines = append(lines, c.line)
	}
	lines = append(lines, decoys...)
	lines = append(lines, "HTTP/1.1 403", "status code 403", "exited", "ON_CLOSE", "Close Frame", "conn has closed", "\tat x", " at\tx", "\tat", "at x", "x\n  at y", "ws_close", "news closed")
	took := map[string]bool{}
	for i := range s.patterns {
		p := &s.patterns[i]
		whole := compile(t, Options{Patterns: []Pattern{{Name: "x", Regex: p.Unless, Code: "4009"}}})
		for _, l := range lines {
			for _, text := range []string{l, jsonLine(l, false), jsonLine(l, true), jsonLine(jsonLine(l, true), false), `k=v msg=` + strconv.Quote(l), "a=\"" + l + "\\n\""} {
				st.view.reset([]byte(text))
				want := st.test.Match(whole.patterns[0].re, []byte(text))
				for _, value := range st.view.strings() {
					want = want || st.test.Match(whole.patterns[0].re, value)
				}
				if got := st.takesBack(p); got != want {
					t.Errorf("%s on %q: %v, want %v", p.Name, text, got, want)
				}
				took[p.Name] = took[p.Name] || want
			}
		}
		if !took[p.Name] {
			t.Errorf("%s never took anything back", p.Name)
		}
	}
}

func TestCompileSaysAllMistakes(t *testing.T) {
	t.Parallel()
	_, err := Compile(Options{
		Envelope: "podman", Format: "xml", Multiline: Multiline{Start: "("}, Time: TimeOptions{Layout: "noon"},
		Patterns: []Pattern{{Name: "a", Regex: "("}, {Name: "b", Regex: "x"}},
	})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{`"podman"`, `"xml"`, "multiline.start", "time.layout", "pattern a", "pattern b"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in: %v", want, err)
		}
	}
}

func TestUserCatalogue(t *testing.T) {
	t.Parallel()
	base, _ := catalog.Builtin("videosdk-react")
	cat, err := base.With("own", []catalog.Code{{Code: "7001", Name: "SEAT_TAKEN", Category: "meeting", Message: "This seat is already taken by somebody else."}})
	if err != nil {
		t.Fatal(err)
	}
	s := compile(t, Options{Catalog: cat})
	for _, l := range []string{"ERROR code=7001", "INFO SEAT_TAKEN", "ERROR This seat is already taken by somebody else", "onError code=7001 name=SEAT_TAKEN"} {
		if got := briefs(feedAll(s, l+"\n")); !slices.Equal(got, []string{"7001 SEAT_TAKEN meeting"}) {
			t.Errorf("%s: %q", l, got)
		}
	}
}

func TestFieldNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p    Pattern
		want string
	}{
		{Builtin()[0], "meeting participant"},
		{Pattern{Regex: `(?P<b>x)(y)(?P<code>\d)(?P<a>z)|(?P<a>q)`}, "a b"},
		{Pattern{Fields: map[string]string{"code": "c", "who": "w"}}, "who"},
		{Pattern{Regex: `(`}, ""},
	} {
		if got := strings.Join(c.p.FieldNames(), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.p.Regex, got, c.want)
		}
	}
}
