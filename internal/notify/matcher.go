package notify

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// matcher is one condition on a label. A label that an alert does not have counts as empty.
type matcher struct {
	name   string
	value  string
	re     *regexp.Regexp // for =~ and !~: the whole value must match
	negate bool
}

// parseMatchers reads matchers in Alertmanager's syntax; the error joins all that is wrong.
func parseMatchers(texts []string) ([]matcher, error) {
	var out []matcher
	var errs []error
	for _, text := range texts {
		m, err := parseMatcher(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("matcher %s: %w", text, err))
			continue
		}
		out = append(out, m)
	}
	return out, errors.Join(errs...)
}

func parseMatcher(text string) (m matcher, err error) {
	i := strings.IndexAny(text, "=!")
	if i < 0 {
		return m, errors.New(`no operator: write it as severity="critical", with one of =, !=, =~, !~`)
	}
	m.name = strings.TrimSpace(text[:i])
	if !labelName.MatchString(m.name) {
		return m, fmt.Errorf("%q is not the name of a label", m.name)
	}
	op, rest := text[i:i+1], text[i+1:]
	if rest != "" && (rest[0] == '~' || op == "!" && rest[0] == '=') {
		op, rest = op+rest[:1], rest[1:]
	}
	if op == "!" {
		return m, errors.New("! is no operator: use != or !~")
	}
	if m.value, err = matcherValue(strings.TrimSpace(rest)); err != nil {
		return m, err
	}
	m.negate = op[0] == '!'
	if strings.HasSuffix(op, "~") {
		if m.re, err = regexp.Compile("^(?:" + m.value + ")$"); err != nil {
			return m, fmt.Errorf("the regex does not compile: %w", err)
		}
	}
	return m, nil
}

var labelName = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]*$`)

// matcherValue takes the quotes off; a value without special characters needs none.
func matcherValue(s string) (string, error) {
	if strings.HasPrefix(s, `"`) {
		v, err := strconv.Unquote(s)
		if err != nil {
			return "", fmt.Errorf("the value %s is not quoted to its end", s)
		}
		return v, nil
	}
	if strings.ContainsAny(s, "\"'`{}, ") {
		return "", fmt.Errorf("the value %s needs double quotes", s)
	}
	return s, nil
}

func (m *matcher) matches(labels map[string]string) bool {
	v := labels[m.name]
	if m.re != nil {
		return m.re.MatchString(v) != m.negate
	}
	return (v == m.value) != m.negate
}

func matchAll(ms []matcher, labels map[string]string) bool {
	for i := range ms {
		if !ms[i].matches(labels) {
			return false
		}
	}
	return true
}
