package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

// FuzzJSON holds that no value changes, and that nothing is left that a terminal would obey.
func FuzzJSON(f *testing.F) {
	f.Add("plain <&> \x7f\u202e\u2028\x1b[31m \U000e0001 日本")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ToValidUTF8(s, "?")
		var b strings.Builder
		if err := writeJSON(&b, map[string]string{"key": s}); err != nil {
			t.Fatal(err)
		}
		for _, r := range strings.TrimSuffix(b.String(), "\n") {
			if r != '\n' && hidden(r) {
				t.Fatalf("%q still holds %U", b.String(), r)
			}
		}
		var back map[string]string
		if err := json.Unmarshal([]byte(b.String()), &back); err != nil || back["key"] != s {
			t.Fatalf("%q came back as %q, %v", s, back["key"], err)
		}
	})
}
