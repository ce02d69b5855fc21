package config

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// menu is a schema of somebody else's.
type menu struct {
	Title  string        `yaml:"title"`
	Wait   time.Duration `yaml:"wait" min:"1s"`
	Dishes []dish        `yaml:"dishes"`
	Best   *dish         `yaml:"best"`
}

type dish struct {
	Name  string   `yaml:"name"`
	Price *float64 `yaml:"price"`
	Code  string   `yaml:"code" text:"literal"`
}

// UnmarshalText takes the short form.
func (d *dish) UnmarshalText(text []byte) error {
	if string(text) == "soup of the day" {
		return errors.New("no soup today")
	}
	d.Name = string(text)
	return nil
}

func TestDecode(t *testing.T) {
	t.Parallel()
	var m menu
	doc, problems := Decode("menu.yaml", []byte(`
title: Lunch
wait: 5m
dishes: [bread, {name: cake, price: 2.5, code: 0400}, 4009]
best: tea
`), &m)
	if len(problems) > 0 {
		t.Fatal(Format(problems))
	}
	if m.Title != "Lunch" || m.Wait != 5*time.Minute || len(m.Dishes) != 3 || m.Best == nil || m.Best.Name != "tea" {
		t.Errorf("%+v", m)
	}
	if d := m.Dishes; d[0].Name != "bread" || d[1].Name != "cake" || *d[1].Price != 2.5 || d[1].Code != "0400" || d[2].Name != "4009" {
		t.Errorf("%+v", d)
	}
	if n := doc.Line("dishes", 1, "price"); n != 4 {
		t.Errorf("the price stands in line %d", n)
	}
	p := doc.Problem(Error, "too dear", "eat bread", -1, "dishes", 1, "price")
	if got := p.String(); got != "menu.yaml:4:37: error: too dear" {
		t.Error(got)
	}
	if n := doc.Line("nothing"); n != 0 {
		t.Errorf("what is not there stands in line %d", n)
	}
}

func TestDecodeFindsAllMistakes(t *testing.T) {
	t.Parallel()
	var m menu
	_, problems := Decode("menu.yaml", []byte(`titel: Lunch
wait: 5ms
dishes: [{nmae: cake}, [1], soup of the day, {price: dear}]
`), &m)
	want := []string{
		`menu.yaml:1:1: error: unknown key "titel"`,
		`menu.yaml:2:7: error: wait must be at least 1s, is 5ms`,
		`menu.yaml:3:11: error: unknown key "nmae" in dishes[0]`,
		`menu.yaml:3:24: error: dishes[1]: expected a mapping, found a list`,
		`menu.yaml:3:29: error: dishes[2]: no soup today`,
		`menu.yaml:3:54: error: dishes[3].price: expected a number, found the string "dear"`,
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if problems[0].Hint != `did you mean "title"?` {
		t.Errorf("hint %q", problems[0].Hint)
	}
}

func TestDecodeWhatIsNoSuchFile(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ content, want string }{
		{"", ""},
		{"title: [", "menu.yaml:1:9: error: not valid YAML: did not find expected node content\n    1 | title: [\n      |         ^\n"},
		{"- a", "menu.yaml:1:1: error: the file: expected a mapping, found a list\n    1 | - a\n      | ^\n"},
	} {
		var m menu
		doc, problems := Decode("menu.yaml", []byte(c.content), &m)
		if got := Format(problems); got != c.want || doc == nil {
			t.Errorf("%q: got %s", c.content, got)
		}
	}
	var m menu
	doc, problems := DecodeFile("does/not/exist.yaml", &m)
	if got := Format(problems); got != "does/not/exist.yaml: error: the file does not exist\n" || doc.Line("title") != 0 {
		t.Error(got)
	}
}
