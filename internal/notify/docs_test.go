package notify

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

func documentation(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/notifications.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// documented is the message of the example in the documentation.
func documented() *message {
	a := denials()
	a.ID, a.Condition, a.Above, a.Peak = "7k2m9q4x5w3v2u1t", alert.OnCount, true, 71
	a.Labels = alert.FromMap(map[string]string{"alertname": a.Rule, "severity": "critical", "source": "meeting"})
	a.Evidence.Samples = []string{"10:15:23 ERROR [room] onError code=3014 meetingId=ab12-cd34"}
	a.Evidence.First, a.Evidence.Last = tenFifteen.Add(-90*time.Second), tenFifteen.Add(5*time.Second)
	return &message{key: "5ba4a242d250acb30abc1e984bcf6817", created: tenFifteen, content: content{Rule: a.Rule, Alerts: []alert.Alert{a}, Still: 1}}
}

// TestDocumentedPayload: the example is what the code makes, and each field is explained.
func TestDocumentedPayload(t *testing.T) {
	t.Parallel()
	text := documentation(t)
	n, err := New(nil, Options{ExternalURL: "https://errwatch.example.com", Instance: "media-1"})
	if err != nil {
		t.Fatal(err)
	}
	b, err := renderJSON(n, "tickets", documented())
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Indent(&want, b.text, "", "  "); err != nil {
		t.Fatal(err)
	}
	if got := regexp.MustCompile("(?s)```json\n(.*?)\n```").FindStringSubmatch(text); got == nil || got[1] != want.String() {
		t.Errorf("the example should be\n%s", want.String())
	}
	for _, field := range append(fields(reflect.TypeFor[Payload](), ""), fields(reflect.TypeFor[PayloadAlert](), "alerts[].")...) {
		if !strings.Contains(text, "`"+field+"`") {
			t.Errorf("%s is not documented", field)
		}
	}
}

// fields are the names that a type has in JSON.
func fields(t reflect.Type, prefix string) (names []string) {
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, prefix+name)
	}
	return names
}

// TestDocumentedTemplate: the template in the documentation works.
func TestDocumentedTemplate(t *testing.T) {
	t.Parallel()
	m := regexp.MustCompile("(?s)```\n(\\{\n.*?\n)```").FindStringSubmatch(documentation(t))
	if m == nil {
		t.Fatal("there is no template")
	}
	n, err := New([]Receiver{own(t, m[1])}, Options{ExternalURL: "https://errwatch.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	w := n.outbox.webhooks[0]
	b, err := w.render(n, w.name, documented())
	if err != nil || b.kind != jsonType || !strings.Contains(string(b.text), `"where": "meeting"`) {
		t.Errorf("%v, %s", err, b.text)
	}
}

// TestDocumentedNames: annotations and functions are all named in the documentation.
func TestDocumentedNames(t *testing.T) {
	t.Parallel()
	text := documentation(t)
	n, err := New(nil, Options{ExternalURL: "https://errwatch.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for name := range n.annotations(&documented().content.Alerts[0], tenFifteen) {
		names = append(names, name)
	}
	for name := range maps.Keys((&budget{}).funcs("")) {
		switch name {
		case stepName, enterName, leaveName, "html", "js", "urlquery", "print", "println", "printf": // text/template's
		default:
			names = append(names, name)
		}
	}
	for _, name := range names {
		if !strings.Contains(text, "`"+name+"`") {
			t.Errorf("%s is not documented", name)
		}
	}
}
