package privacy

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/event"
)

func quoteJSON(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

// escapeAll writes each character but letters and digits as \uXXXX.
func escapeAll(s string) string {
	var out strings.Builder
	for _, r := range s {
		switch {
		case r < 0x80 && isAlnum(byte(r)):
			out.WriteRune(r)
		case r > 0xffff:
			out.WriteString(strings.Trim(fmt.Sprintf("%+q", string(r)), `"`))
			return strings.NewReplacer(`\U0001f600`, `\ud83d\ude00`).Replace(out.String())
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

func urlEscape(s string) string { return url.PathEscape(s) }

// generator makes the texts of the property tests.
type generator struct{ *rand.Rand }

func (g generator) pick(from ...string) string { return from[g.IntN(len(from))] }

func (g generator) word(alphabet string, least, most int) string {
	b := make([]byte, least+g.IntN(most-least+1))
	for i := range b {
		b[i] = alphabet[g.IntN(len(alphabet))]
	}
	return string(b)
}

const lower, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"

func (g generator) jwt() string {
	part := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(g.Uint32())
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	enc := base64.RawURLEncoding.EncodeToString
	return enc([]byte(`{"alg":"HS256"}`)) + "." + enc([]byte(`{"apikey":"`+g.word(lower, 5, 20)+`"}`)) + "." + part(8+g.IntN(30))
}

func (g generator) email() string {
	return g.word(lower+digits+"._+-", 0, 8) + g.word(lower+digits, 1, 4) + "@" + g.word(lower+digits, 1, 8) + "." + g.pick("com", "example.org", "co.uk", "museum")
}

func (g generator) ip() string {
	if g.IntN(2) == 0 {
		return netip.AddrFrom4([4]byte{byte(g.Uint32()), byte(g.Uint32()), byte(g.Uint32()), byte(g.Uint32())}).String()
	}
	var b [16]byte
	copy(b[:], []byte{0x20, 0x01, 0x0d, 0xb8})
	for i := 4; i < 16; i++ {
		if g.IntN(3) > 0 {
			b[i] = byte(g.Uint32())
		}
	}
	a := netip.AddrFrom16(b)
	switch g.IntN(4) {
	case 0:
		return a.StringExpanded()
	case 1:
		return strings.ToUpper(a.String())
	case 2:
		return "::ffff:" + netip.AddrFrom4([4]byte(b[12:])).String()
	}
	return a.String()
}

// separator is what may stand between things in a log.
func (g generator) separator() string {
	return g.pick(" ", ", ", "=", ": ", " (", ") ", " [", "] ", `"`, `":"`, `\n`, `\t`, `\"`, `\u003c`, `\u003e`, "\x1b[31m", "|", "/", " - ", "<", ">", "'", "&x=", "\t", "; ")
}

func (g generator) harmless() string {
	return g.pick("ab12-cd34-ef56", "p_9f3k2", "10:15:23.123", "v1.2.3", "18.2.0", "code=4009", "onError", "ERROR ::", "room.js:4009:13",
		"MAX_PARTCIPANT_REACHED", "2026-11-20T10:15:23.123Z", "eyJ", "@", "b", "Ünïcode", "pk_rooms", "x.y.z", g.word(lower, 1, 9))
}

// None of the generated secrets is left anywhere in the event, and hiding again changes nothing.
func TestNothingRemains(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(1, 2))}
	r := mustNew(t, Options{Redact: Kinds()})
	keyed := mustNew(t, Options{Redact: Kinds(), Hash: []string{"participant"}, Key: []byte(testKey)})
	for round := range 2000 {
		var secrets []string
		var text strings.Builder
		for range 1 + g.IntN(6) {
			text.WriteString(g.harmless() + g.separator())
			secret := [...]func() string{g.jwt, g.email, g.ip}[g.IntN(3)]()
			secrets = append(secrets, secret)
			written := secret
			if g.IntN(8) == 0 {
				written = strings.ReplaceAll(secret, "@", g.pick("%40", `\u0040`))
			}
			text.WriteString(written + g.separator())
		}
		line := []byte(text.String())
		before := bytes.Clone(line)
		e := event.Event{Text: line, Message: half(line), Code: secrets[0], Name: secrets[0]}
		for i, s := range secrets {
			e.Fields = append(e.Fields, event.Field{Name: [...]string{"participant", "meeting", "x"}[i%3], Value: []byte(s)})
		}
		red := r
		if round%2 == 0 {
			red = keyed
		}
		red.Apply(&e, nil)
		if !bytes.Equal(line, before) {
			t.Fatalf("%q was overwritten", before)
		}
		places := []string{string(e.Text), string(e.Message), e.Code, e.Name}
		for _, f := range e.Fields {
			places = append(places, string(f.Value))
		}
		for _, place := range places {
			plain := strings.NewReplacer("%40", "@", `\u0040`, "@").Replace(place)
			for _, s := range secrets {
				if strings.Contains(plain, s) {
					t.Fatalf("%q is left\n in %s\nfrom %s", s, place, before)
				}
			}
		}
		if again := string(r.Text(nil, e.Text)); again != string(e.Text) {
			t.Fatalf("once  %s\ntwice %s", e.Text, again)
		}
	}
}

// half is the line from the first space behind its middle on: what follows is whole, escapes included.
func half(line []byte) []byte {
	if i := bytes.IndexByte(line[len(line)/2:], ' '); i >= 0 {
		return line[len(line)/2+i:]
	}
	return line
}

// Text without anything to hide stays as it is, byte for byte and where it is.
func TestNothingChanges(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(3, 4))}
	r := mustNew(t, Options{Redact: Kinds(), Patterns: []string{"SN-[0-9]+"}, Key: []byte(testKey)})
	for range 2000 {
		var text strings.Builder
		for range g.IntN(12) {
			text.WriteString(g.harmless() + g.pick(" ", ", ", `","`, " | ", `\n`, "\t"))
		}
		line := []byte(text.String())
		e := event.Event{Text: line, Message: line, Fields: []event.Field{{Name: "meeting", Value: line}}}
		if scratch := r.Apply(&e, nil); len(scratch) != 0 {
			t.Fatalf("%s\nbecame %s", line, e.Text)
		}
		if len(line) > 0 && (&e.Text[0] != &line[0] || len(e.Text) != len(line)) {
			t.Fatalf("%s was copied", line)
		}
	}
}

// Hostile lines of 64 KiB, each made to start as many finders as possible. A finder that looks at each byte
// as often as the line is long never gets done with lines as long as limits.line allows.
func TestHostileLines(t *testing.T) {
	t.Parallel()
	r := mustNew(t, Options{Redact: Kinds(), Hash: []string{"h"}, Key: []byte(testKey)})
	for _, piece := range []string{
		"eyJ", "eyJhbGciOiJIUzI1NiJ9", "eyJhbGciOiJIUzI1NiJ9.", "bearer", "bearer=", "Bearer ", "@", "a@", "a@b.", "%40", "a%40b", `\u0040`, "1.", "1.2.3.4.",
		":", "::", "a:", "1::", "ffff:", "sk_", "sk_a", "ghp_", "xoxb-", "token=", `token="`, `token=\"`, `token='token="`, "authorization:", "authorization: digest ",
		"://a:b", "p", "password=", `\`, "a.b-c_d", "[1;", "<redacted:", "é",
	} {
		line := []byte(strings.Repeat(piece, 1<<16/len(piece)))
		e := event.Event{Text: line, Fields: []event.Field{{Name: "h", Value: []byte("aaaaaaaab")}, {Name: "h", Value: []byte("p")}, {Name: "h", Value: []byte("@")}}}
		r.Apply(&e, nil)
	}
}

// FuzzText: nothing panics, nothing is overwritten, what is not hidden is the input's, in order, and no hashed value is left.
func FuzzText(f *testing.F) {
	for _, line := range benchLines {
		f.Add(line)
	}
	g := generator{rand.New(rand.NewPCG(5, 6))}
	for range 50 {
		f.Add([]byte(g.harmless() + g.separator() + g.jwt() + g.separator() + g.email() + g.separator() + g.ip()))
	}
	f.Add([]byte(`Authorization: Digest "x`))
	f.Add([]byte(`token=\\\"x\\\\\"" password="`))
	f.Add([]byte(`xoxb-1 ghp_ sk_ %40 \u0040 @ :: eyJ. bearer=`))
	r := mustNew(f, Options{Redact: Kinds(), Hash: []string{"h"}, Key: []byte(testKey)})
	f.Fuzz(func(t *testing.T, text []byte) {
		before := bytes.Clone(text)
		once := r.Text(nil, text)
		if !bytes.Equal(text, before) {
			t.Fatal("the input was overwritten")
		}
		rest := text
		for i, piece := range bytes.Split(once, []byte("<redacted:")) {
			if i > 0 {
				_, piece, _ = bytes.Cut(piece, []byte(">"))
			}
			at := bytes.Index(rest, piece)
			if at < 0 {
				t.Fatalf("%q became %q: %q is not the input's", text, once, piece)
			}
			if !bytes.Contains(text, []byte("<redacted")) {
				rest = rest[at+len(piece):]
			}
		}
		value := text[:min(len(text), 12)]
		e := event.Event{Text: text, Message: text, Fields: []event.Field{{Name: "h", Value: value}, {Name: "o", Value: text}}}
		r.Apply(&e, make([]byte, 0, 16))
		own := bytes.ContainsAny(value, "<>") || bytes.Contains([]byte("redacted:hash:api_key:bearer"), value) // what replaces may make it anew
		if len(value) >= longValue && !own && bytes.Contains(e.Text, value) {
			t.Fatalf("%q is left in %q", value, e.Text)
		}
	})
}
