package parse

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"

	"github.com/errwatch/errwatch/internal/catalog"
	"github.com/errwatch/errwatch/internal/event"
	"github.com/errwatch/errwatch/internal/parse/literal"
)

// Problem is one mistake in a pattern.
type Problem struct {
	Pattern       int    // index in what was checked
	Key           string // the key of the configuration: "regex", "unless", "fields.code", …; "" for the whole pattern
	Warning       bool   // the pattern works all the same
	Message, Hint string
	At            int // byte offset inside the key's value, -1 where it is about the whole
}

// MaxRegex bounds a regex in bytes: longer ones take too long to check and to run.
const MaxRegex = 8 << 10

// CheckPatterns returns all mistakes at once, in the order of the patterns. c is the catalogue against which codes are
// held; nil leaves that out.
func CheckPatterns(ps []Pattern, c *catalog.Catalog) []Problem {
	k := checker{cat: c}
	names := map[string]int{}
	for i := range ps {
		k.at, k.p = i, &ps[i]
		k.pattern()
		first, twice := names[ps[i].Name]
		switch {
		case ps[i].Name == "":
			k.fail("name", -1, "a pattern has no name", "events, metrics and explain refer to it by its name")
		case twice:
			k.fail("name", -1, fmt.Sprintf("pattern %s stands twice (first as number %d)", ps[i].Name, first+1), "")
		default:
			names[ps[i].Name] = i
		}
	}
	return k.out
}

type checker struct {
	cat *catalog.Catalog
	at  int
	p   *Pattern
	out []Problem
}

func (k *checker) fail(key string, at int, message, hint string) {
	k.out = append(k.out, Problem{Pattern: k.at, Key: key, Message: message, Hint: hint, At: at})
}

func (k *checker) warn(key string, at int, message, hint string) {
	k.out = append(k.out, Problem{Pattern: k.at, Key: key, Warning: true, Message: message, Hint: hint, At: at})
}

func (k *checker) pattern() {
	p := k.p
	tree := k.compiles("regex", p.Regex)
	k.compiles("unless", p.Unless)
	switch {
	case p.Regex != "" && len(p.Fields) > 0:
		k.fail("fields", -1, "a pattern has both regex and fields", "make two patterns of it: regex is for text, fields is for JSON and logfmt")
	case p.Regex == "" && len(p.Fields) == 0 && !p.built.texts:
		k.fail("", -1, "a pattern has neither regex nor fields", `regex: 'refused rc=(?P<code>\d{4})' reads text, fields: {code: err.code} reads JSON and logfmt`)
	}
	k.paths()
	if tree != nil || len(p.Fields) > 0 {
		k.source(tree)
	}
	if tree != nil {
		k.groups(tree)
		k.bareNumber(tree)
	}
	k.filter(tree)
	k.code()
}

// compiles parses a regex and reports where it is wrong; nil where there is none or it does not compile.
func (k *checker) compiles(key, expr string) *syntax.Regexp {
	if expr == "" {
		return nil
	}
	if len(expr) > MaxRegex {
		k.fail(key, -1, fmt.Sprintf("regex is %d bytes long, the limit is %d", len(expr), MaxRegex), "split the pattern")
		return nil
	}
	tree, err := syntax.Parse(expr, syntax.Perl)
	var wrong *syntax.Error
	if errors.As(err, &wrong) {
		at, message, hint := locate(expr, wrong)
		k.fail(key, at, "regex does not compile: "+message, hint)
		return nil
	}
	if err != nil {
		k.fail(key, -1, "regex does not compile: "+err.Error(), "")
		return nil
	}
	return tree
}

// known are the groups and fields with a meaning of their own.
func known() []string { return []string{"code", "name", "message", "time"} }

// source checks that an event can be made of what the pattern captures.
func (k *checker) source(tree *syntax.Regexp) {
	p := k.p
	captures := func(what string) bool {
		if tree != nil {
			return slices.Contains(tree.CapNames(), what)
		}
		return p.Fields[what] != ""
	}
	key := "regex"
	if tree == nil {
		key = "fields"
	}
	if p.Reference {
		if captures("code") || p.Code != "" {
			k.warn(key, -1, "a reference pattern has a code, which is never used", "reference: true counts a denominator; leave the code out, or reference")
		}
		if p.KnownCodes || p.ErrorLines {
			k.warn("reference", -1, "known_codes and error_lines mean nothing in a reference pattern", "")
		}
		return
	}
	switch {
	case p.Code != "" && captures("code"):
		k.warn("code", -1, "the pattern captures a code too; this one counts only where that is empty", "leave one of them out")
	case p.Code == "" && !captures("code") && !captures("name") && !captures("message"):
		k.noCode(key, tree)
	}
}

func (k *checker) noCode(key string, tree *syntax.Regexp) {
	hint := "name a group: (?P<code>\\d{4}), or fix one: code: 4009; for a denominator set reference: true"
	if key == "fields" {
		hint = "say where it stands: fields: {code: err.code}, or fix one: code: 4009; for a denominator set reference: true"
	} else if near := nearGroup(tree); near != "" {
		hint = fmt.Sprintf("did you mean (?P<code>…) for (?P<%s>…)?", near)
	} else if tree.MaxCap() > 0 && !slices.ContainsFunc(tree.CapNames(), func(s string) bool { return s != "" }) {
		hint = "groups count by name: write (?P<code>\\d{4}) for (\\d{4})"
	}
	k.fail(key, -1, "no code in the pattern", hint)
}

// nearGroup is a group that was probably meant to be the code.
func nearGroup(tree *syntax.Regexp) string {
	for _, name := range tree.CapNames() {
		switch strings.ToLower(strings.ReplaceAll(name, "_", "")) {
		case "code", "codes", "errcode", "errorcode", "kode", "cod", "rc", "errno":
			return name
		}
	}
	return ""
}

// groups checks the names of groups: one that differs from a known group only by case or a plural is a field by mistake.
func (k *checker) groups(tree *syntax.Regexp) {
	for _, name := range tree.CapNames() {
		for _, want := range append(known(), event.Meeting, event.Participant) {
			if name != want && strings.EqualFold(strings.TrimSuffix(name, "s"), want) {
				at := strings.Index(k.p.Regex, "<"+name+">")
				k.warn("regex", at+1, fmt.Sprintf("group %s becomes a field of that name", name), fmt.Sprintf("did you mean %q?", want))
			}
		}
	}
}

// paths checks the fields of a pattern, in order of their names.
func (k *checker) paths() {
	names := make([]string, 0, len(k.p.Fields))
	for name := range k.p.Fields {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		key := "fields." + name
		if !isField(name) {
			k.fail(key, -1, fmt.Sprintf("field name %q cannot be a label", name), "use letters, digits and '_', not starting with a digit")
		}
		if len(alternatives(k.p.Fields[name])) == 0 {
			k.fail(key, -1, "the path is empty", "a path is dotted, alternatives are separated by '|': err.code|code")
		}
		for _, path := range alternatives(k.p.Fields[name]) {
			if strings.HasPrefix(path, ".") || strings.HasSuffix(path, ".") || strings.Contains(path, "..") {
				k.fail(key, strings.Index(k.p.Fields[name], path), fmt.Sprintf("path %q has an empty part", path), "a path is dotted: err.code")
			}
		}
	}
}

func isField(s string) bool {
	for i := range len(s) {
		if !isWordByte(s[i]) || i == 0 && isDigit(s[i]) {
			return false
		}
	}
	return s != ""
}

// bareNumber warns of a regex that asks for nothing but digits: such numbers are ports and durations too.
func (k *checker) bareNumber(tree *syntax.Regexp) {
	if k.p.built.names || hasText(tree) || !hasDigits(tree) {
		return
	}
	k.warn("regex", -1, "the regex is a bare number: it also matches ports, durations and parts of identifiers",
		`say what stands before it: onError code=(?P<code>\d{4})`)
}

// hasText tells whether the regex demands a sign that is neither a digit nor white space.
func hasText(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return slices.ContainsFunc(re.Rune, func(r rune) bool { return r > ' ' && (r < '0' || r > '9') })
	case syntax.OpCharClass:
		return classSize(re.Rune) <= 16 && !(re.Rune[0] >= '0' && re.Rune[len(re.Rune)-1] <= '9') && re.Rune[len(re.Rune)-1] > ' '
	case syntax.OpStar, syntax.OpQuest:
		return false
	case syntax.OpRepeat:
		return re.Min > 0 && hasText(re.Sub[0])
	case syntax.OpAlternate:
		return !slices.ContainsFunc(re.Sub, func(sub *syntax.Regexp) bool { return !hasText(sub) })
	}
	return slices.ContainsFunc(re.Sub, hasText)
}

func hasDigits(re *syntax.Regexp) bool {
	switch re.Op {
	case syntax.OpLiteral:
		return slices.ContainsFunc(re.Rune, func(r rune) bool { return r >= '0' && r <= '9' })
	case syntax.OpCharClass:
		return re.Rune[0] >= '0' && re.Rune[len(re.Rune)-1] <= '9'
	}
	return slices.ContainsFunc(re.Sub, hasDigits)
}

func classSize(ranges []rune) (n int) {
	for i := 0; i+1 < len(ranges); i += 2 {
		n += int(ranges[i+1]-ranges[i]) + 1
	}
	return n
}

// filter warns of a pattern that must run on every line.
func (k *checker) filter(tree *syntax.Regexp) {
	p := k.p
	if p.built.names || p.built.texts || len(p.built.literals) > 0 {
		return
	}
	if tree != nil {
		if _, ok, err := literal.Required(p.Regex); err == nil && !ok {
			k.warn("regex", -1, "no usable literal: the pattern runs on every line",
				fmt.Sprintf("add text of at least %d signs that stands in each such line, without quotes, slashes and backslashes", literal.MinLen))
		}
	} else if len(p.Fields) > 0 && len(newPaths(p.Fields).literals()) == 0 {
		k.warn("fields", -1, "no usable literal: the pattern runs on every line",
			fmt.Sprintf("use paths with a key of at least %d signs", literal.MinLen))
	}
}

// code checks the fixed code.
func (k *checker) code() {
	p := k.p
	if p.Code == "" {
		return
	}
	if len(p.Code) > MaxCode {
		k.fail("code", MaxCode, fmt.Sprintf("code is longer than %d signs", MaxCode), "")
		return
	}
	for i := range len(p.Code) {
		if c := p.Code[i]; !isWordByte(c) && (c != '-' && c != '.' && c != ':' || i == len(p.Code)-1) {
			k.fail("code", i, fmt.Sprintf("code %q holds a sign that a code cannot have", p.Code), "use letters, digits, '_', '-', '.' and ':'")
			return
		}
	}
	if k.cat != nil && k.cat.ByCode([]byte(p.Code)) == nil {
		hint := "add it under codes, with a name and a category"
		if p.Category != "" {
			hint = "add it under codes to give it a name"
		}
		k.warn("code", -1, fmt.Sprintf("code %s is not in the catalogue %s", p.Code, k.cat.Name()), hint)
	}
}
