package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checker finds the mistakes that one value alone does not show: names, references, what excludes what.
type checker struct {
	c        *Config
	known    Known
	problems []Problem
	found    int // only the first maxProblems are among the problems

	sourcesKnown []string // names
}

func (k *checker) all() {
	for _, s := range k.c.Sources {
		k.sourcesKnown = append(k.sourcesKnown, s.Name)
	}
	k.server()
	k.catalog("catalog", k.c.Catalog, "catalog")
	k.codes()
	k.sources()
	k.patterns()
	k.metrics()
	k.rules()
	k.alerts()
	k.privacy()
	k.receivers()
	k.capacity()
	k.limits()
}

func (k *checker) fail(message, hint string, path ...any) {
	k.add(Error, message, hint, -1, path)
}

func (k *checker) failAt(at int, message, hint string, path ...any) {
	k.add(Error, message, hint, at, path)
}

func (k *checker) warn(message, hint string, path ...any) {
	k.add(Warning, message, hint, -1, path)
}

func (k *checker) add(severity, message, hint string, at int, path []any) {
	if k.found++; k.found <= maxProblems {
		k.problems = append(k.problems, k.c.Problem(severity, message, hint, at, path...))
	}
}

func (k *checker) server() {
	s := k.c.Server
	k.address(k.setting("server.listen"), s.Listen, "server", "listen")
	if s.MetricsListen != "" {
		k.address(k.setting("server.metrics_listen"), s.MetricsListen, "server", "metrics_listen")
		if s.MetricsListen == s.Listen && !strings.HasSuffix(s.Listen, ":0") {
			k.fail(k.setting("server.metrics_listen")+": the same address as server.listen", "leave it out: /metrics is served there too", "server", "metrics_listen")
		}
	}
	if s.ExternalURL != "" {
		k.url(k.setting("server.external_url"), s.ExternalURL, "server", "external_url")
	}
}

// setting names a setting as whoever gave it knows it: by the variable or flag where it came from there.
func (k *checker) setting(name string) string {
	if from, ok := k.c.doc.outside[name]; ok {
		return from.name
	}
	return name
}

func (k *checker) address(label, text string, path ...any) {
	_, port, err := net.SplitHostPort(text)
	if err != nil {
		k.fail(fmt.Sprintf("%s: %q is no address", label, text), "an address is host:port, as in 127.0.0.1:9977 or :9977", path...)
		return
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		k.fail(fmt.Sprintf("%s: %q is no port", label, port), "a port is a number from 0 to 65535", path...)
	}
}

// url checks an absolute http or https URL. Messages do not repeat it: they reach logs, and it may hold a secret.
func (k *checker) url(label, text string, path ...any) {
	u, err := url.Parse(text)
	switch {
	case err != nil:
		k.fail(label+": bad URL: "+plainURLError(err), "", path...)
	case u.Scheme != "http" && u.Scheme != "https":
		k.fail(label+": not an http or https URL", "it begins with http:// or https://", path...)
	case u.Host == "":
		k.fail(label+": the URL names no host", "", path...)
	}
}

// plainURLError drops the URL from the message, which the excerpt shows already.
func plainURLError(err error) string {
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return e.Err.Error()
	}
	return err.Error()
}

func (k *checker) catalog(label, name string, path ...any) {
	if k.known.Catalogs == nil || slices.Contains(k.known.Catalogs, name) {
		return
	}
	if label == "catalog" {
		label = k.setting(label)
	}
	k.fail(fmt.Sprintf("%s: unknown catalogue %q", label, shorten(name)), meant(name, k.known.Catalogs, "catalogues:"), path...)
}

func (k *checker) codes() {
	seen := map[string]bool{}
	for i, c := range k.c.Codes {
		if !k.c.Has("codes", i, "code") {
			k.fail(fmt.Sprintf("codes[%d] has no code", i), "", "codes", i)
			continue
		}
		k.code(fmt.Sprintf("codes[%d].code", i), c.Code, "codes", i, "code")
		if seen[c.Code] && c.Code != "" {
			k.fail(fmt.Sprintf("code %s stands twice in codes", c.Code), "", "codes", i, "code")
		}
		seen[c.Code] = true
		k.category(fmt.Sprintf("codes[%d].category", i), c.Category, "codes", i, "category")
	}
}

// code checks the form of a code, which becomes a label and part of a path of the page.
func (k *checker) code(label, code string, path ...any) {
	const most = 32
	if code == "" && k.c.Has(path...) {
		k.fail(label+" is empty", "", path...)
	} else if len(code) > most || strings.ContainsFunc(code, func(r rune) bool { return !wordRune(r) && r != '-' && r != '.' }) {
		k.fail(fmt.Sprintf("%s: %q is no code", label, shorten(code)), fmt.Sprintf("a code is at most %d letters, digits, _, - or .", most), path...)
	}
}

func (k *checker) category(label, name string, path ...any) {
	if name != "" && !validLabel(name) {
		k.fail(fmt.Sprintf("%s: %q is no category", label, shorten(name)), "a category is a word of letters, digits and _, as in permission", path...)
	}
}

func (k *checker) metrics() {
	seen := map[string]bool{}
	for i, name := range k.c.Metrics.Labels {
		path := []any{"metrics", "labels", i}
		k.labelName("metrics.labels", name, reservedOnSeries(), path...)
		if seen[name] {
			k.fail(fmt.Sprintf("metrics.labels: %q stands twice", name), "", path...)
		}
		seen[name] = true
		for _, s := range k.c.Sources {
			if _, both := s.Labels[name]; both {
				k.fail(fmt.Sprintf("metrics.labels: source %s sets the label %q too", s.Name, name), "give one of them another name", path...)
				break
			}
		}
	}
}

func (k *checker) alerts() {
	for _, name := range sortedKeys(k.c.Alerts.ExternalLabels) {
		k.labelName("alerts.external_labels", name, []string{"alertname", "severity", "source"}, "alerts", "external_labels", Key(name))
		if strings.Contains(k.c.Alerts.ExternalLabels[name], "{{") {
			k.fail(fmt.Sprintf("alerts.external_labels: label %q has a template", name), "labels are the alert's identity: they are sent as they stand here", "alerts", "external_labels", name)
		}
	}
}

func (k *checker) privacy() {
	p := k.c.Privacy
	for i, name := range p.Hash {
		k.fieldName("privacy.hash", name, "privacy", "hash", i)
	}
	if len(p.Hash) > 0 && p.KeyFile == "" {
		k.fail("privacy.hash needs key_file", "without a key anyone can try all values; make one: head -c 32 /dev/urandom > FILE", "privacy", Key("hash"))
	}
}

func (k *checker) capacity() {
	for i, name := range k.c.Capacity.Person {
		k.fieldName("capacity.person", name, "capacity", "person", i)
	}
	for _, code := range sortedKeys(k.c.Capacity.Limits) {
		k.code("capacity.limits", code, "capacity", "limits", Key(code))
	}
	if c := k.c.Capacity; c.RetryGap > c.SessionGap {
		k.fail(fmt.Sprintf("capacity.retry_gap %s is longer than session_gap %s", FormatDuration(c.RetryGap), FormatDuration(c.SessionGap)), "retries belong to one session", "capacity", "retry_gap")
	}
}

func (k *checker) limits() {
	if l := k.c.Limits; l.Groups > l.GroupsAll {
		k.warn(fmt.Sprintf("limits.groups %d is above groups_all %d, which bounds all rules together", l.Groups, l.GroupsAll), "", "limits", "groups")
	}
}

// zone checks the name of a time zone against this machine's database.
func (k *checker) zone(label, name string, path ...any) {
	if _, err := time.LoadLocation(name); err != nil {
		k.fail(fmt.Sprintf("%s: unknown time zone %q", label, shorten(name)), "Local, UTC, or a name such as Europe/Berlin", path...)
	}
}
