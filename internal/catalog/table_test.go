package catalog

import (
	"strings"
	"testing"
)

const goodTable = `# a comment
catalog own

4009 FULL capacity documented
  alias    ALMOST_FULL
  alias    FULL_UP
  message  It is full.
  meaning  Nobody gets in.
  check    Look at it.
4010 LOUD capacity extended
`

func TestParseTable(t *testing.T) {
	t.Parallel()
	c, err := parseTable("own.txt", goodTable, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := c.ByName([]byte("FULL_UP"))
	if k == nil || k.Code != "4009" || k.Message != "It is full." || k.Meaning != "Nobody gets in." || k.FirstCheck != "Look at it." || len(k.Aliases) != 2 {
		t.Errorf("%+v", k)
	}
	if len(c.Codes()) != 2 || c.Name() != "own" {
		t.Errorf("%s with %d codes", c.Name(), len(c.Codes()))
	}
}

func TestParseTableMistakes(t *testing.T) {
	t.Parallel()
	const head = "catalog own\n"
	for _, test := range []struct{ text, want string }{
		{"", "own.txt:1: no line says `catalog NAME`"},
		{head + "catalog other\n", "own.txt:2: a second name"},
		{head + "texts other\n", `own.txt:2: no catalogue "other" to take texts from`},
		{head + "4009 FULL capacity\n", "own.txt:2: want CODE NAME CATEGORY ORIGIN, have 3 words"},
		{head + "4009 FULL capacity documented more\n", "own.txt:2: want CODE NAME CATEGORY ORIGIN, have 5 words"},
		{head + "4009 FULL capaccity documented\n", `own.txt:2: category "capaccity" is none of auth,`},
		{head + "4009 FULL capacity guessed\n", `own.txt:2: origin "guessed" is neither documented nor extended`},
		{head + "4009 F(ULL capacity documented\n", `own.txt:2: code 4009: name "F(ULL"`},
		{head + "4010 A auth extended\n\n4009 B auth extended\n", "own.txt:4: code 4009 stands behind 4010: keep them in order"},
		{head + "4009 A auth extended\n4009 B auth extended\n", "own.txt:3: code 4009 stands behind 4009"},
		{head + "4009 A auth extended\n4010 A auth extended\n", "own.txt: code 4009 and code 4010 both have the name A"},
		{head + "  alias B\n", `own.txt:2: "alias" stands before the first code`},
		{head + "4009 A auth extended\n  aliass B\n", `own.txt:3: unknown key "aliass"`},
		{head + "4009 A auth extended\n  alias B C\n", `own.txt:3: name "B C"`},
		{head + "4009 A auth extended\n  meaning\n", `own.txt:3: "meaning" has no value`},
		{head + "4009 A auth extended\n  meaning x\n  meaning y\n", `own.txt:4: a second "meaning"`},
		{head + "4009 A auth extended\n  like B\n", `own.txt:3: no name "B" to take texts from`},
		{head + "4009 A auth extended \n", "own.txt:2: white space at the end"},
		{head + "4009 A auth extended\r\n", "own.txt:2: white space at the end"},
		{head + "4009 A auth extended\n\talias B\n", "own.txt:3: a tab: indent with spaces"},
		{"x\ny\n", "own.txt:1: want CODE NAME CATEGORY ORIGIN, have 1 words\nown.txt:2: want"}, // all at once
	} {
		_, err := parseTable("own.txt", test.text, nil)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: %v, want %q", test.text, err, test.want)
		}
	}
}

func FuzzParseTable(f *testing.F) {
	f.Add(goodTable)
	f.Add("catalog a\n1 A auth extended\n alias B\n")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseTable("fuzz.txt", text, nil)
		if err != nil {
			return
		}
		for _, k := range c.Codes() {
			if c.ByCode([]byte(k.Code)) != k || c.ByName([]byte(k.Name)) != k {
				t.Errorf("%+v is not found", k)
			}
		}
	})
}
