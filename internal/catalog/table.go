package catalog

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// tableParser reads the form of the files in tables/, which their heads explain. It is strict: what it does not know
// is an error with file and line, so that a slip in a table cannot go unseen.
type tableParser struct {
	file   string
	known  []*Catalog // those that `texts` may name
	name   string
	texts  *Catalog
	codes  []*Code
	like   map[*Code]string
	filled map[string]bool // the keys that the current code has already
	errs   []error
	line   int
}

// parseTable reads one table; all its mistakes come in one error. known are the catalogues whose texts it may share.
func parseTable(file, text string, known []*Catalog) (*Catalog, error) {
	p := &tableParser{file: file, known: known, like: map[*Code]string{}}
	for i, raw := range strings.Split(text, "\n") {
		p.line = i + 1
		p.parseLine(raw)
	}
	if p.name == "" {
		p.fail("no line says `catalog NAME`")
	}
	p.shareTexts()
	if len(p.errs) > 0 {
		return nil, errors.Join(p.errs...)
	}
	c, err := newCatalog(p.name, p.codes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return c, nil
}

func (p *tableParser) fail(format string, args ...any) {
	p.errs = append(p.errs, fmt.Errorf("%s:%d: %s", p.file, p.line, fmt.Sprintf(format, args...)))
}

func (p *tableParser) parseLine(raw string) {
	text := strings.TrimSpace(raw)
	switch {
	case text == "" || text[0] == '#':
	case raw != strings.TrimRight(raw, " \t\r"):
		p.fail("white space at the end of the line")
	case raw[0] == ' ':
		p.parseKey(text)
	case raw[0] == '\t':
		p.fail("a tab: indent with spaces")
	default:
		p.parseHead(strings.Fields(text))
	}
}

// parseHead reads an unindented line: a directive, or the head of a code.
func (p *tableParser) parseHead(words []string) {
	switch {
	case words[0] == "catalog" && len(words) == 2:
		if p.name != "" {
			p.fail("a second name of the catalogue")
		}
		p.name = words[1]
	case words[0] == "texts" && len(words) == 2:
		i := slices.IndexFunc(p.known, func(c *Catalog) bool { return c.name == words[1] })
		if i < 0 {
			p.fail("no catalogue %q to take texts from", words[1])
			return
		}
		p.texts = p.known[i]
	case len(words) == 4:
		p.parseCode(words)
	default:
		p.fail("want CODE NAME CATEGORY ORIGIN, have %d words", len(words))
	}
}

func (p *tableParser) parseCode(words []string) {
	k := &Code{Code: words[0], Name: words[1], Category: words[2], Origin: words[3]}
	if err := checkCode(k); err != nil {
		p.fail("%v", err)
	}
	if !slices.Contains(Categories(), k.Category) {
		p.fail("category %q is none of %s", k.Category, strings.Join(Categories(), ", "))
	}
	if k.Origin != Documented && k.Origin != Extended {
		p.fail("origin %q is neither %s nor %s", k.Origin, Documented, Extended)
	}
	if n := len(p.codes); n > 0 && p.codes[n-1].Code >= k.Code {
		p.fail("code %s stands behind %s: keep them in order", k.Code, p.codes[n-1].Code)
	}
	p.codes = append(p.codes, k)
	p.filled = map[string]bool{}
}

// parseKey reads an indented line, which belongs to the code above it.
func (p *tableParser) parseKey(text string) {
	key, value, _ := strings.Cut(text, " ")
	value = strings.TrimSpace(value)
	switch {
	case len(p.codes) == 0:
		p.fail("%q stands before the first code", key)
		return
	case value == "":
		p.fail("%q has no value", key)
		return
	case p.filled[key] && key != "alias":
		p.fail("a second %q", key)
		return
	}
	p.filled[key] = true
	p.setKey(p.codes[len(p.codes)-1], key, value)
}

func (p *tableParser) setKey(k *Code, key, value string) {
	switch key {
	case "alias":
		k.Aliases = append(k.Aliases, value)
		if err := checkName(value); err != nil {
			p.fail("%v", err)
		}
	case "message":
		k.Message = value
	case "meaning":
		k.Meaning = value
	case "check":
		k.FirstCheck = value
	case "like":
		k2 := (*Code)(nil)
		if p.texts != nil {
			k2 = p.texts.ByName([]byte(value))
		}
		if k2 == nil {
			p.fail("no name %q to take texts from", value)
		}
		p.like[k] = value
	default:
		p.fail("unknown key %q: known are alias, message, meaning, check, like", key)
	}
}

// shareTexts gives the codes without texts of their own those of the catalogue named by `texts`.
func (p *tableParser) shareTexts() {
	if p.texts == nil {
		return
	}
	for _, k := range p.codes {
		name := k.Name
		if like := p.like[k]; like != "" {
			name = like
		}
		from := p.texts.ByName([]byte(name))
		if from == nil || k.Meaning != "" || k.FirstCheck != "" {
			continue
		}
		k.Meaning, k.FirstCheck = from.Meaning, from.FirstCheck
	}
}
