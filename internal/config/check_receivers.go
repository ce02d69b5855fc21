package config

import (
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
)

func (k *checker) receivers() {
	seen := map[string]bool{}
	for i, r := range k.c.Receivers {
		label := fmt.Sprintf("receivers[%d]", i)
		if k.name("receiver", r.Name, seen, "receivers", i) {
			label = "receiver " + r.Name
		}
		k.receiver(i, label, r)
	}
}

func (k *checker) receiver(i int, label string, r Receiver) {
	am, hook := k.c.Has("receivers", i, "alertmanager"), k.c.Has("receivers", i, "webhook")
	switch {
	case am && hook:
		k.fail(label+" has two kinds: alertmanager and webhook", "make two receivers of it", "receivers", i, Key("webhook"))
	case !am && !hook:
		k.fail(label+" has no kind", "add alertmanager or webhook", "receivers", i)
	}
	for j, m := range r.Match {
		if m == "" {
			continue // said of every list
		}
		if at, message, hint := checkMatcher(m); message != "" {
			k.failAt(at, label+": "+message, hint, "receivers", i, "match", j)
		}
	}
	if r.Alertmanager != nil {
		k.alertmanager(i, label, *r.Alertmanager)
	}
	if r.Webhook != nil {
		k.webhook(i, label, *r.Webhook)
	}
	for _, key := range []string{"interval", "repeat"} {
		if am && !hook && k.c.Has("receivers", i, key) {
			k.warn(label+": "+key+" has no effect on an alertmanager", "Alertmanager groups and repeats by its own configuration", "receivers", i, Key(key))
		}
	}
}

func (k *checker) alertmanager(i int, label string, a Alertmanager) {
	if len(a.URLs) == 0 && a.DNS == "" {
		k.fail(label+": alertmanager needs urls or dns", "", "receivers", i, Key("alertmanager"))
	}
	for j, u := range a.URLs {
		k.url(label, u, "receivers", i, "alertmanager", "urls", j)
	}
	if a.DNS == "" || strings.HasPrefix(a.DNS, "_") {
		return
	}
	if host, port, err := net.SplitHostPort(a.DNS); err != nil || host == "" || port == "" {
		k.fail(fmt.Sprintf("%s: dns %q is no host and port", label, shorten(a.DNS)), "as in alertmanager.monitoring.svc:9093, or an SRV name as in _web._tcp.alertmanager.monitoring.svc", "receivers", i, "alertmanager", "dns")
	}
}

func (k *checker) webhook(i int, label string, w Webhook) {
	inline, file := k.c.Has("receivers", i, "webhook", "url"), k.c.Has("receivers", i, "webhook", "url_file")
	switch {
	case inline && file:
		k.fail(label+": webhook has both url and url_file", "", "receivers", i, "webhook", Key("url_file"))
	case !inline && !file:
		k.fail(label+": webhook needs url or url_file", "url_file keeps a secret address out of this file", "receivers", i, Key("webhook"))
	case inline:
		k.url(label, w.URL, "receivers", i, "webhook", "url")
	case w.URLFile == "":
		k.fail(label+": url_file is empty", "", "receivers", i, "webhook", "url_file")
	}
}

// checkMatcher checks a matcher in Alertmanager's form: name="value", with the operators =, !=, =~ and !~. at is where in
// the text the mistake is; no message means that it is sound.
func checkMatcher(text string) (at int, message, hint string) {
	const form = `a matcher looks like severity="critical" or rule=~"Video.*"`
	rest := strings.TrimLeft(text, " ")
	at = len(text) - len(rest)
	name := rest[:len(rest)-len(strings.TrimLeftFunc(rest, wordRune))]
	if !validLabel(name) {
		return at, "a matcher begins with the name of a label", form
	}
	rest = strings.TrimLeft(rest[len(name):], " ")
	at = len(text) - len(rest)
	op := rest[:len(rest)-len(strings.TrimLeft(rest, "=!~"))]
	switch op {
	case "=", "!=", "=~", "!~":
	case "":
		return at, "a matcher without an operator", form
	default:
		return at, fmt.Sprintf("unknown operator %q in a matcher", shorten(op)), "one of =, !=, =~, !~"
	}
	rest = strings.TrimSpace(rest[len(op):])
	at = strings.LastIndex(text, rest)
	value, inner := rest, 0
	if strings.HasPrefix(rest, `"`) {
		var err error
		if value, err = strconv.Unquote(rest); err != nil {
			return at, "the value of the matcher is not quoted to its end", form
		}
		inner = 1
	} else if i := strings.IndexAny(rest, "\"'`{},"); i >= 0 {
		return at + i, fmt.Sprintf("%q in the value of a matcher", rest[i:i+1]), "put the value in double quotes"
	}
	if strings.HasSuffix(op, "~") {
		if _, err := regexp.Compile("^(?:" + value + ")$"); err != nil {
			return at + inner, "the regex of the matcher does not compile: " + plainRegexError(value), ""
		}
	}
	return 0, "", ""
}

// plainRegexError says what is wrong with a regex, without the regex.
func plainRegexError(re string) string {
	_, err := regexp.Compile(re)
	if err == nil {
		return "unbalanced brackets"
	}
	return strings.TrimPrefix(err.Error(), "error parsing regexp: ")
}
