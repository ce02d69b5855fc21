package privacy

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/event"
)

// checkPlain holds the glances against what they stand for.
func checkPlain(t *testing.T, r *Redactor, text []byte) {
	t.Helper()
	if found := r.scan(text, nil); len(found) > 0 && r.cannotHide(text) {
		t.Fatalf("%q cannot hide anything, but %v is found", text, found)
	}
	want := strings.Trim(string(text), "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == "" && bytes.IndexFunc(text, func(r rune) bool {
		return (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '_'
	}) < 0
	if got := plainName(string(text)); got != want {
		t.Fatalf("plainName(%q) = %v", text, got)
	}
}

func TestPlain(t *testing.T) {
	t.Parallel()
	r := mustNew(t, Options{Redact: Kinds()})
	rng := rand.New(rand.NewPCG(3, 4))
	pieces := []string{
		"eyJ", "bearer", "Bearer", "token", "pwd", "key", "sk_live_1", "ghp_", "xoxb-", "abc123", "AB", "_", "-", ".", ":", "=", "@", "%40",
		`\u0040`, "%20", " ", "+", "1", "ff", "é", "\x80", "10.0.0.1", "::1", "a@b.cd", "\\",
	}
	for range 40_000 {
		var text []byte
		for range rng.IntN(6) {
			text = append(text, pieces[rng.IntN(len(pieces))]...)
		}
		checkPlain(t, r, text)
	}
	for c := range 256 {
		for at := range 9 {
			text := []byte("AZ09_ZZAA")
			text[at] = byte(c)
			checkPlain(t, r, text)
		}
	}
}

func FuzzPlain(f *testing.F) {
	r := mustNew(f, Options{Redact: Kinds()})
	for _, s := range []string{"bearer abcd", "xoxb-1234567890a", "p_9f3k2", "::1", "A_B9CDEFGH"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkPlain(t, r, text) })
}

// TestDefer: what is shown later is what would have been shown at once, and until then nothing prints it.
func TestDefer(t *testing.T) {
	t.Parallel()
	g := generator{rand.New(rand.NewPCG(8, 9))}
	for _, o := range []Options{
		{Redact: Kinds()},
		{Redact: Kinds(), Patterns: []string{`room-(\d+)`}, Key: []byte(testKey)},
		{Redact: Kinds(), Hash: []string{"h"}, Key: []byte(testKey)},
	} {
		r := mustNew(t, o)
		for range 500 {
			secret := g.email()
			text := g.harmless() + g.separator() + secret + g.separator() + g.jwt() + " room-17 h=user-4711"
			make := func() event.Event {
				return event.Event{
					Text: []byte(text), Message: []byte(text), Name: "A_NAME", Code: "4009",
					Fields: []event.Field{{Name: "h", Value: []byte("user-4711")}, {Name: "o", Value: []byte(secret)}},
				}
			}
			now, later := make(), make()
			r.Apply(&now, nil)
			r.Defer(&later, nil)
			printed, err := json.Marshal(later)
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range []string{fmt.Sprintf("%v %+v %#v %s", later, later, later, later.Hidden), string(printed)} {
				if strings.Contains(s, secret) {
					t.Fatalf("%q is printed in %q", secret, s)
				}
			}
			if got := later.Shown(nil); !bytes.Equal(got, now.Text) || later.Message != nil || !later.HasText() {
				t.Fatalf("shown later %q, at once %q", got, now.Text)
			}
			later.Text, later.Hidden, later.Message, now.Message = now.Text, event.Hidden{}, nil, nil
			if got, want := fmt.Sprintf("%+v", later), fmt.Sprintf("%+v", now); got != want {
				t.Fatalf("%s\n%s", got, want)
			}
		}
	}
}
