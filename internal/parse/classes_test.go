package parse

import (
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/event"
)

func TestClasses(t *testing.T) {
	t.Parallel()
	if len(wordBytes) != 256 || len(bareEnds) != 256 {
		t.Fatal(len(wordBytes), len(bareEnds))
	}
	for i := range 256 {
		c := byte(i)
		if want := isLetter(c) || isDigit(c) || c == '_'; isWordByte(c) != want {
			t.Errorf("isWordByte(%q) is not %v", c, want)
		}
		if want := c < ' ' || c < 0x80 && strings.ContainsRune(" ,;}]){[(&\"'|<>\\", rune(c)); bareEnds[c] != 0 != want {
			t.Errorf("%q ends a value: not %v", c, want)
		}
	}
}

// TestSpellingsAreFound: the glance at the last letters of a key lets every spelling pass.
func TestSpellingsAreFound(t *testing.T) {
	t.Parallel()
	n := 0
	keys := []string{"meetingId", "meetingID", "roomID", "participantID", "peerID", "userID", "message", "msg"}
	for _, field := range []string{event.Meeting, event.Participant} {
		keys = append(keys, Spellings()[field]...)
	}
	for _, key := range keys {
		if want, _ := spelling([]byte(key)); want == wantNothing {
			t.Errorf("%s is no spelling", key)
		}
		start, end := keyBefore([]byte(key+"="), len(key))
		if start != 0 || end != len(key) {
			t.Errorf("%s is found from %d to %d", key, start, end)
		}
		n++
	}
	if n < 20 {
		t.Errorf("only %d spellings", n)
	}
}

func TestEight(t *testing.T) {
	t.Parallel()
	for c := range 256 {
		for at := range 8 {
			for _, other := range []byte{0, ':', 'A' - 1, 'Z', 0x80, 0xff} {
				text := make([]byte, 8)
				for i := range text {
					text[i] = other
				}
				text[at] = byte(c)
				v := eightAt(text, 0)
				if got, want := signs(v)>>(8*at+7)&1 == 1, c >= ':' && c <= '='; got != want {
					t.Fatalf("signs: %#x at %d: %v", c, at, got)
				}
				if got, want := capitals(v)>>(8*at+7)&1 == 1, c >= 'A' && c <= 'Z'; got != want {
					t.Fatalf("capitals: %#x at %d: %v", c, at, got)
				}
			}
		}
	}
}
