package app

import (
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedTests runs the tests of docs/testing-rules.md on the configuration beside them, and looks that each key is
// explained there.
func TestDocumentedTests(t *testing.T) {
	t.Parallel()
	text := readRepo(t, "docs/testing-rules.md")
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```").FindAllStringSubmatch(text, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d blocks of YAML, want a configuration and tests", len(blocks))
	}
	if got := failures(t, testPlan(t, blocks[0][1]), blocks[1][1]); got != "" {
		t.Error(got)
	}
	for _, part := range []any{testCase{}, testLine{}, wantEvent{}, wantAlert{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(part)) {
			if key := f.Tag.Get("yaml"); key != "" && !strings.Contains(text, "`"+key+"`") {
				t.Errorf("%T: the key %s is not explained", part, key)
			}
		}
	}
}
