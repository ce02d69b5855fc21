package catalog

import (
	"slices"
	"strconv"
	"testing"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	const react, flutter = "videosdk-react", "videosdk-flutter"
	for _, test := range []struct {
		what, catalog, code, name string
		want                      Resolution
	}{
		{"both agree", react, "4009", "MAX_PARTCIPANT_REACHED",
			Resolution{Code: "4009", Name: "MAX_PARTCIPANT_REACHED", Category: "capacity", Known: true}},
		{"an alias agrees and becomes canonical", react, "4009", "MAX_PARTICIPANT_REACHED",
			Resolution{Code: "4009", Name: "MAX_PARTCIPANT_REACHED", Category: "capacity", Known: true}},
		{"code alone", react, "3014", "",
			Resolution{Code: "3014", Name: "ERROR_GET_VIDEO_MEDIA_PERMISSION_DENIED", Category: "permission", Known: true}},
		{"name alone", react, "", "MAX_SPEAKER_REACHED",
			Resolution{Code: "4010", Name: "MAX_SPEAKER_REACHED", Category: "capacity", Known: true}},
		{"alias alone", react, "", "STOP_COMPOSITE_RECORDING_FAILED",
			Resolution{Code: "4040", Name: "STOP_COMPPOSITE_RECORDING_FAILED", Category: "recording", Known: true}},
		{"the name wins", react, "4009", "MAX_SPEAKER_REACHED",
			Resolution{Code: "4010", Name: "MAX_SPEAKER_REACHED", Category: "capacity", Known: true, Conflict: true}},
		{"the name wins in flutter too", flutter, "4009", "MAX_SPEAKER_REACHED",
			Resolution{Code: "4010", Name: "MAX_SPEAKER_REACHED", Category: "capacity", Known: true, Conflict: true}},
		{"the name wins over an unknown code", react, "9999", "INVALID_TOKEN",
			Resolution{Code: "4002", Name: "INVALID_TOKEN", Category: "auth", Known: true, Conflict: true}},
		{"the name wins over what is no number", react, "undefined", "INVALID_TOKEN",
			Resolution{Code: "4002", Name: "INVALID_TOKEN", Category: "auth", Known: true, Conflict: true}},
		{"another catalogue's number for the name", react, "3007", "ERROR_CAMERA_ACCESS_DENIED_OR_DISMISSED",
			Resolution{Code: "3017", Name: "ERROR_CAMERA_ACCESS_DENIED_OR_DISMISSED", Category: "permission", Known: true, Conflict: true, Hint: flutter}},
		{"the other way round", flutter, "3017", "ERROR_CAMERA_ACCESS_DENIED_OR_DISMISSED",
			Resolution{Code: "3007", Name: "ERROR_CAMERA_ACCESS_DENIED_OR_DISMISSED", Category: "permission", Known: true, Conflict: true, Hint: react}},
		{"a name of another catalogue, same number", react, "3014", "ERROR_SCREENSHARE_PERMISSION_DENIED",
			Resolution{Code: "3014", Name: "ERROR_SCREENSHARE_PERMISSION_DENIED", Category: "permission", Known: true, Conflict: true, Hint: flutter}},
		{"a name of another catalogue, other category than the number's", flutter, "3021", "ERROR_CAMERA_NOT_FOUND",
			Resolution{Code: "3021", Name: "ERROR_CAMERA_NOT_FOUND", Category: "device", Known: true, Conflict: true, Hint: react}},
		{"a name of another catalogue alone", flutter, "", "HLS_DURATION_LIMIT_REACHED",
			Resolution{Code: "5006", Name: "HLS_DURATION_LIMIT_REACHED", Category: "duration_limit", Known: true, Conflict: true, Hint: react}},
		{"an alias of another catalogue", flutter, "4023", "UNAUTHORIZED_PARTICIPANT_ID",
			Resolution{Code: "4023", Name: "UNAUTHORIZED_PARTCIPANT_ID", Category: "auth", Known: true, Conflict: true, Hint: react}},
		{"a name that nobody knows contradicts nothing", react, "4009", "ROOM_FULL",
			Resolution{Code: "4009", Name: "MAX_PARTCIPANT_REACHED", Category: "capacity", Known: true}},
		{"unknown code", react, "4999", "", Resolution{Code: "4999", Category: Unknown}},
		{"unknown both", react, "4999", "ROOM_FULL", Resolution{Code: "4999", Category: Unknown}},
		{"unknown code with a zero", react, "0400", "", Resolution{Code: "0400", Category: Unknown}},
		{"unknown code of letters", react, "E42", "", Resolution{Code: "E42", Category: Unknown}},
		{"nothing", react, "", "", Resolution{Category: Unknown}},
	} {
		got := builtin(t, test.catalog).Resolve([]byte(test.code), []byte(test.name))
		if got != test.want {
			t.Errorf("%s: Resolve(%q, %q) in %s\n got %+v\nwant %+v", test.what, test.code, test.name, test.catalog, got, test.want)
		}
	}
}

// Every pair of a code and a name that the catalogues know, and some that they do not, keeps the rules.
func TestResolveEveryPair(t *testing.T) {
	t.Parallel()
	react, flutter := builtin(t, "videosdk-react"), builtin(t, "videosdk-flutter")
	allNames := append(append([]string{"", "ROOM_FULL"}, react.Names()...), flutter.Names()...)
	codes := []string{"", "0000", "9999"}
	for _, c := range []*Catalog{react, flutter} {
		for _, k := range c.Codes() {
			codes = append(codes, k.Code)
		}
	}
	for _, pair := range []struct{ c, other *Catalog }{{react, flutter}, {flutter, react}} {
		for _, code := range codes {
			for _, name := range allNames {
				checkRules(t, pair.c, pair.other, code, name)
			}
		}
	}
}

func checkRules(t *testing.T, c, other *Catalog, code, name string) {
	t.Helper()
	r := c.Resolve([]byte(code), []byte(name))
	own, foreign, byCode := c.ByName([]byte(name)), other.ByName([]byte(name)), c.ByCode([]byte(code))
	ok := true
	switch {
	case own != nil:
		ok = r.Code == own.Code && r.Name == own.Name && r.Category == own.Category && r.Conflict == (code != "" && code != own.Code)
	case foreign != nil:
		ok = r.Code == foreign.Code && r.Name == foreign.Name && r.Category == foreign.Category && r.Conflict && r.Hint == other.Name()
	case byCode != nil:
		ok = r.Code == byCode.Code && r.Name == byCode.Name && r.Category == byCode.Category && !r.Conflict
	default:
		ok = r == Resolution{Code: code, Category: Unknown}
	}
	if !ok || r.Hint != "" && !r.Conflict {
		t.Errorf("%s: Resolve(%q, %q) = %+v", c.Name(), code, name, r)
	}
}

func TestForeignNames(t *testing.T) {
	t.Parallel()
	for _, name := range BuiltinNames() {
		c := builtin(t, name)
		got := c.ForeignNames()
		if len(got) == 0 || !slices.IsSorted(got) {
			t.Errorf("%s: foreign names %v", name, got)
		}
		for _, n := range got {
			k, from := ForeignName(c, []byte(n))
			if c.ByName([]byte(n)) != nil || k == nil || from == c || from.ByName([]byte(n)) != k {
				t.Errorf("%s: %s is no name that only another catalogue knows: %v", name, n, k)
			}
		}
		for _, n := range append(c.Names(), "ROOM_FULL", "") {
			if k, from := ForeignName(c, []byte(n)); k != nil || from != nil {
				t.Errorf("%s: %q was found in %v", name, n, from.Name())
			}
		}
	}
}

// Not parallel: testing.AllocsPerRun counts the allocations of the whole process.
func TestLookupsAllocateNothing(t *testing.T) {
	c := builtin(t, "videosdk-react")
	pairs := [][2][]byte{
		{[]byte("4009"), []byte("MAX_PARTICIPANT_REACHED")},
		{[]byte("4009"), []byte("MAX_SPEAKER_REACHED")},
		{[]byte("3014"), []byte("ERROR_SCREENSHARE_PERMISSION_DENIED")},
		{[]byte("4999"), []byte("A_NAME_OF_MORE_THAN_32_BYTES_THAT_NOBODY_KNOWS")},
		{[]byte("3014"), nil},
		{nil, []byte("INVALID_TOKEN")},
	}
	text := []byte("`token` is empty or invalid or might have expired.")
	found := 0
	got := testing.AllocsPerRun(100, func() {
		for _, p := range pairs {
			c.Resolve(p[0], p[1])
			c.ByCode(p[0])
			c.ByName(p[1])
			ForeignName(c, p[1])
		}
		if c.ByMessage(text) != nil {
			found++
		}
	})
	if got != 0 || found == 0 {
		t.Errorf("%v allocations, the message found %d times", got, found)
	}
}

func TestCodeText(t *testing.T) {
	t.Parallel()
	for i := range 10000 {
		s := strconv.Itoa(i + 10000)[1:]
		if got := codeText([]byte(s)); got != s {
			t.Fatalf("codeText(%q) = %q", s, got)
		}
	}
	for _, s := range []string{"", "1", "12345", "12a4", "/999", ":000", "-123", "\xff\xff\xff\xff"} {
		if got := codeText([]byte(s)); got != s {
			t.Errorf("codeText(%q) = %q", s, got)
		}
	}
}

func FuzzResolve(f *testing.F) {
	f.Add("4009", "MAX_SPEAKER_REACHED")
	f.Add("", "\x00")
	f.Add("30140", "")
	c, other := builtin(f, "videosdk-react"), builtin(f, "videosdk-flutter")
	f.Fuzz(func(t *testing.T, code, name string) { checkRules(t, c, other, code, name) })
}

func BenchmarkResolve(b *testing.B) {
	c := builtin(b, "videosdk-react")
	code, name := []byte("4009"), []byte("MAX_SPEAKER_REACHED")
	b.ReportAllocs()
	for b.Loop() {
		c.Resolve(code, name)
	}
}
