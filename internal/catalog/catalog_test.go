package catalog

import (
	"encoding/csv"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func builtin(t testing.TB, name string) *Catalog {
	t.Helper()
	c, ok := Builtin(name)
	if !ok {
		t.Fatalf("no catalogue %q", name)
	}
	return c
}

func TestBuiltinTablesLoad(t *testing.T) {
	t.Parallel()
	if _, err := loadBuiltins(); err != nil {
		t.Fatal(err)
	}
	for _, name := range BuiltinNames() {
		c := builtin(t, name)
		if again := builtin(t, name); again != c {
			t.Errorf("%s: each call makes another catalogue", name)
		}
		if c.Name() != name {
			t.Errorf("the catalogue %s calls itself %s", name, c.Name())
		}
	}
	if _, ok := Builtin("videosdk"); ok {
		t.Error("a catalogue that does not exist was found")
	}
}

// The vendor's facts stand a second time in testdata, as a machine reads them: a slip in the table for people shows here.
func TestTablesEqualTheFacts(t *testing.T) {
	t.Parallel()
	for _, name := range BuiltinNames() {
		c := builtin(t, name)
		f, err := os.Open("testdata/" + name + ".csv")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(f).ReadAll()
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if len(rows)-1 != len(c.Codes()) {
			t.Errorf("%s: %d codes, want %d", name, len(c.Codes()), len(rows)-1)
		}
		for _, row := range rows[1:] {
			k := c.ByCode([]byte(row[0]))
			if k == nil {
				t.Errorf("%s lacks code %s", name, row[0])
				continue
			}
			if got := []string{k.Code, k.Name, k.Category, k.Origin, k.Message}; !slices.Equal(got, row) {
				t.Errorf("%s: code %s is\n%q, want\n%q", name, row[0], got, row)
			}
		}
	}
}

func codesOf(c *Catalog, ok func(*Code) bool) string {
	var out []string
	for _, k := range c.Codes() {
		if ok(k) {
			out = append(out, k.Code)
		}
	}
	return strings.Join(out, " ")
}

func TestFamilies(t *testing.T) {
	t.Parallel()
	react, flutter := builtin(t, "videosdk-react"), builtin(t, "videosdk-flutter")
	for _, test := range []struct {
		c              *Catalog
		category, want string
	}{
		{react, "permission", "3014 3015 3016 3017 3018 3019 3020 3025"},
		{react, "capacity", "4009 4010 4026 4027 4028 4029 4030"},
		{react, "duration_limit", "5004 5005 5006 5009 5010 5011"},
		{react, "account", "4006 4007 4021"},
		{flutter, "permission", "3007 3008 3009 3010 3014"},
		{flutter, "capacity", "4009 4010"},
		{flutter, "duration_limit", ""},
	} {
		if got := codesOf(test.c, func(k *Code) bool { return k.Category == test.category }); got != test.want {
			t.Errorf("%s: category %s is %s, want %s", test.c.Name(), test.category, got, test.want)
		}
	}
	if got := len(strings.Fields(codesOf(react, func(k *Code) bool { return k.Origin == Documented }))); got != 51 {
		t.Errorf("%d documented codes, want 51", got)
	}
	if got := codesOf(flutter, func(k *Code) bool { return k.Origin == Documented }); got != "" {
		t.Errorf("documented codes in a catalogue without a reference page: %s", got)
	}
}

func TestTextsAreOneUsefulLine(t *testing.T) {
	t.Parallel()
	number := regexp.MustCompile(`\b[345]0\d\d\b`)
	for _, name := range BuiltinNames() {
		c := builtin(t, name)
		for _, k := range c.Codes() {
			for what, text := range map[string]string{"meaning": k.Meaning, "first check": k.FirstCheck} {
				switch {
				case len(text) < 20 || len(text) > 200:
					t.Errorf("%s: code %s: %s has %d bytes: %q", name, k.Code, what, len(text), text)
				case strings.ContainsAny(text, "\n\t`"):
					t.Errorf("%s: code %s: %s is not one plain line: %q", name, k.Code, what, text)
				case !strings.ContainsRune(".?", rune(text[len(text)-1])):
					t.Errorf("%s: code %s: %s does not end as a sentence: %q", name, k.Code, what, text)
				}
				// Texts are shared between catalogues, numbers are not.
				for _, code := range number.FindAllString(text, -1) {
					if c.ByCode([]byte(code)) == nil {
						t.Errorf("%s: code %s: %s speaks of %s, which this catalogue lacks", name, k.Code, what, code)
					}
				}
			}
			if k.Meaning == k.FirstCheck || k.Meaning == k.Message {
				t.Errorf("%s: code %s says the same twice", name, k.Code)
			}
		}
	}
}

func TestSharedTexts(t *testing.T) {
	t.Parallel()
	react, flutter := builtin(t, "videosdk-react"), builtin(t, "videosdk-flutter")
	for _, test := range []struct{ flutter, react string }{
		{"4009", "4009"}, // the same name
		{"3003", "3023"}, // the same name under another number
		{"3014", "3016"}, // another name for the same
	} {
		f, r := flutter.ByCode([]byte(test.flutter)), react.ByCode([]byte(test.react))
		if f.Meaning != r.Meaning || f.FirstCheck != r.FirstCheck {
			t.Errorf("flutter %s and react %s do not share their texts: %q, %q", test.flutter, test.react, f.Meaning, r.Meaning)
		}
	}
}

func TestLookups(t *testing.T) {
	t.Parallel()
	for _, name := range BuiltinNames() {
		c := builtin(t, name)
		total := 0
		for _, k := range c.Codes() {
			if c.ByCode([]byte(k.Code)) != k {
				t.Errorf("%s: code %s is not found", name, k.Code)
			}
			for _, n := range names(k) {
				total++
				if c.ByName([]byte(n)) != k {
					t.Errorf("%s: name %s does not lead to %s", name, n, k.Code)
				}
			}
		}
		if got := c.Names(); len(got) != total || !slices.IsSorted(got) {
			t.Errorf("%s: Names has %d entries, want %d in order", name, len(got), total)
		}
		if !slices.IsSortedFunc(c.Codes(), func(a, b *Code) int { return strings.Compare(a.Code, b.Code) }) {
			t.Errorf("%s: Codes is not sorted", name)
		}
		for _, wrong := range []string{"", "4999", "400", "40099", " 4009", "max_speaker_reached", "MAX_SPEAKER"} {
			if c.ByCode([]byte(wrong)) != nil || c.ByName([]byte(wrong)) != nil {
				t.Errorf("%s: %q was found", name, wrong)
			}
		}
	}
}

func TestCodesIsTheCallers(t *testing.T) {
	t.Parallel()
	c := builtin(t, "videosdk-react")
	c.Codes()[0] = nil
	if c.Codes()[0] == nil {
		t.Error("a caller changed the catalogue")
	}
}

func TestAliases(t *testing.T) {
	t.Parallel()
	react, flutter := builtin(t, "videosdk-react"), builtin(t, "videosdk-flutter")
	for _, test := range []struct {
		c           *Catalog
		alias, code string
	}{
		{react, "MAX_PARTICIPANT_REACHED", "4009"},
		{react, "MAX_PARTCIPANT_REACHED", "4009"},
		{react, "UNAUTHORIZED_PARTICIPANT_ID", "4023"},
		{react, "UNAUTHORIZED_PARTCIPANT_ID", "4023"},
		{react, "STOP_COMPOSITE_RECORDING_FAILED", "4040"},
		{react, "STOP_COMPPOSITE_RECORDING_FAILED", "4040"},
		{flutter, "MAX_PARTICIPANT_REACHED", "4009"},
	} {
		if k := test.c.ByName([]byte(test.alias)); k == nil || k.Code != test.code {
			t.Errorf("%s: %s is %v, want code %s", test.c.Name(), test.alias, k, test.code)
		}
	}
}

func TestCategories(t *testing.T) {
	t.Parallel()
	used := map[string]bool{}
	for _, name := range BuiltinNames() {
		for _, k := range builtin(t, name).Codes() {
			used[k.Category] = true
		}
	}
	for _, category := range Categories() {
		if !used[category] {
			t.Errorf("no code has the category %s", category)
		}
		delete(used, category)
	}
	if len(used) > 0 {
		t.Errorf("Categories lacks %v", used)
	}
	if slices.Contains(Categories(), Unknown) {
		t.Error("unknown is what no catalogue knows, not a category of one")
	}
}
