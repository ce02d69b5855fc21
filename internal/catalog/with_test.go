package catalog

import (
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestWithAdds(t *testing.T) {
	t.Parallel()
	base := builtin(t, "videosdk-react")
	c, err := base.With("own", []Code{{Code: "4999", Name: "ROOM_LOCKED", Category: "meeting", Aliases: []string{"ROOM_CLOSED"}}})
	if err != nil {
		t.Fatal(err)
	}
	if c.Name() != "own" || len(c.Codes()) != len(base.Codes())+1 || base.ByCode([]byte("4999")) != nil {
		t.Errorf("%s has %d codes, the base %d", c.Name(), len(c.Codes()), len(base.Codes()))
	}
	want := Resolution{Code: "4999", Name: "ROOM_LOCKED", Category: "meeting", Known: true}
	if got := c.Resolve(nil, []byte("ROOM_CLOSED")); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if k := c.ByCode([]byte("4999")); k.Origin != Configured {
		t.Errorf("origin %q", k.Origin)
	}
	if r := c.Resolve(nil, []byte("ERROR_SCREENSHARE_PERMISSION_DENIED")); r.Hint != "videosdk-flutter" {
		t.Errorf("the other built-in catalogues are forgotten: %+v", r)
	}
}

func TestWithOverrides(t *testing.T) {
	t.Parallel()
	base := builtin(t, "videosdk-react")
	before := *base.ByCode([]byte("4009"))
	c, err := base.With("own", []Code{{Code: "4009", Name: "ROOM_FULL", Meaning: "Full.", Aliases: []string{"FULL", "MAX_PARTICIPANT_REACHED"}}})
	if err != nil {
		t.Fatal(err)
	}
	want := before
	want.Name, want.Meaning, want.Aliases = "ROOM_FULL", "Full.", []string{"FULL", "MAX_PARTCIPANT_REACHED", "MAX_PARTICIPANT_REACHED"}
	if got := c.ByCode([]byte("4009")); !reflect.DeepEqual(*got, want) {
		t.Errorf("got  %+v\nwant %+v", *got, want)
	}
	for _, name := range []string{"ROOM_FULL", "FULL", "MAX_PARTCIPANT_REACHED", "MAX_PARTICIPANT_REACHED"} {
		if r := c.Resolve([]byte("4009"), []byte(name)); r.Name != "ROOM_FULL" || r.Conflict {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if !reflect.DeepEqual(*base.ByCode([]byte("4009")), before) {
		t.Error("the base has changed")
	}
}

func TestWithMistakes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("A", MaxNameLen+1)
	for _, test := range []struct {
		what  string
		add   []Code
		index []int
		want  string
	}{
		{"no code", []Code{{Name: "A", Category: "auth"}}, []int{0}, "a code is empty"},
		{"no name", []Code{{Code: "1", Category: "auth"}}, []int{0}, "code 1: a name or alias is empty"},
		{"no category", []Code{{Code: "1", Name: "A"}}, []int{0}, "code 1 has no category"},
		{"long code", []Code{{Code: long, Name: "A", Category: "auth"}}, []int{0}, "longer than 32 bytes"},
		{"long name", []Code{{Code: "1", Name: long, Category: "auth"}}, []int{0}, "longer than 128 bytes"},
		{"long category", []Code{{Code: "1", Name: "A", Category: strings.ToLower(long)}}, []int{0}, "longer than 128 bytes"},
		{"odd code", []Code{{Code: "1 2", Name: "A", Category: "auth"}}, []int{0}, `code "1 2": use letters`},
		{"odd name", []Code{{Code: "1", Name: "A\nB", Category: "auth"}}, []int{0}, `name "A\nB": use letters`},
		{"odd category", []Code{{Code: "1", Name: "A", Category: "Auth"}}, []int{0}, `category "Auth" of code 1: use lower-case`},
		{"twice", []Code{{Code: "1", Name: "A", Category: "auth"}, {Code: "1", Name: "B", Category: "auth"}}, []int{1}, "code 1 is added twice"},
		{"a name of the base", []Code{{Code: "4999", Name: "INVALID_TOKEN", Category: "auth"}}, []int{0}, "code 4002 and code 4999 both have the name INVALID_TOKEN"},
		{"an alias of a later code", []Code{{Code: "4001", Aliases: []string{"MAX_PARTICIPANT_REACHED"}}}, []int{0}, "code 4001 and code 4009"},
		{"one name for two", []Code{{Code: "2", Name: "A", Category: "auth"}, {Code: "1", Name: "A", Category: "auth"}}, []int{1}, "code 1 and code 2"},
		{"all of them", []Code{{}, {Code: "1", Name: "INVALID_TOKEN", Category: "auth"}, {Code: "2"}}, []int{0, 1, 2}, "a code is empty\ncode 1 and code 4002"},
	} {
		c, err := builtin(t, "videosdk-react").With("own", test.add)
		if c != nil || err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.what, err, test.want)
			continue
		}
		var got []int
		for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
			var ce *CodeError
			if errors.As(e, &ce) {
				got = append(got, ce.Index)
			}
		}
		if !slices.Equal(got, test.index) {
			t.Errorf("%s: blames %v, want %v", test.what, got, test.index)
		}
	}
}

func TestWithNothing(t *testing.T) {
	t.Parallel()
	base := builtin(t, "videosdk-flutter")
	c, err := base.With("own", nil)
	if err != nil || !reflect.DeepEqual(c.Codes(), base.Codes()) {
		t.Errorf("%v", err)
	}
}
