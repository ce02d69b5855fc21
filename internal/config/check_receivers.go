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
	if a.DNS != "" {
		k.instances(label, a.DNS, "receivers", i, "alertmanager", "dns")
	}
}

// instances checks a name behind which the instances of an Alertmanager are found: host:port, or that of SRV records,
// which bring the ports themselves.
func (k *checker) instances(label, name string, path ...any) {
	host, port, err := net.SplitHostPort(name)
	number, bad := strconv.ParseUint(port, 10, 16)
	switch {
	case strings.HasPrefix(name, "_") && !serviceName(name):
		k.fail(fmt.Sprintf("%s: dns %q is no name of SRV records", label, shorten(name)), "as in _web._tcp.alertmanager.monitoring.svc", path...)
	case strings.HasPrefix(name, "_") && err == nil:
		k.warn(label+": the port of an SRV name has no effect", "the records bring the ports", path...)
	case !strings.HasPrefix(name, "_") && (err != nil || host == "" || bad != nil || number == 0):
		k.fail(fmt.Sprintf("%s: dns %q is no host and port", label, shorten(name)), "as in alertmanager.monitoring.svc:9093, or an SRV name as in _web._tcp.alertmanager.monitoring.svc", path...)
	}
}

// serviceName reports whether a name has the form of SRV records: _service._protocol.domain.
func serviceName(name string) bool {
	parts := strings.SplitN(name, ".", 3)
	return len(parts) == 3 && len(parts[0]) > 1 && len(parts[1]) > 1 && parts[1][0] == '_' && parts[2] != ""
}

func (k *checker) webhook(i int, label string, w Webhook) {
	given := func(key string) bool { return k.c.Has("receivers", i, "webhook", key) }
	fail := func(message, hint, key string) { k.fail(label+": "+message, hint, "receivers", i, "webhook", Key(key)) }
	pager := w.Template == "pagerduty"
	switch {
	case given("url") && given("url_file"):
		fail("webhook has both url and url_file", "", "url_file")
	case given("url"):
		k.url(label, w.URL, "receivers", i, "webhook", "url")
	case !given("url_file") && !pager:
		k.fail(label+": webhook needs url or url_file", "url_file keeps a secret address out of this file", "receivers", i, Key("webhook"))
	}
	switch {
	case given("template") && given("template_file"):
		fail("webhook has both template and template_file", "template_file makes the whole body", "template_file")
	case pager && !given("routing_key_file"):
		k.fail(label+": the template pagerduty needs routing_key_file", "a file that holds the integration key of a service with an Events API v2 integration", "receivers", i, "webhook", Key("template"))
	case !pager && given("routing_key_file"):
		fail("routing_key_file belongs to the template pagerduty", "template: pagerduty", "routing_key_file")
	}
	for _, f := range []struct{ key, value string }{{"url_file", w.URLFile}, {"template_file", w.TemplateFile}, {"routing_key_file", w.RoutingKeyFile}} {
		if given(f.key) && f.value == "" {
			k.fail(label+": "+f.key+" is empty", "", "receivers", i, "webhook", f.key)
		}
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
