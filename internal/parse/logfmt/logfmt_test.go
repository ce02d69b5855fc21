package logfmt

import (
	"strings"
	"testing"
)

func TestEach(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, want string }{
		{`level=error ts=2026-11-20T10:15:23Z msg="join refused" code=4009`, "level=error|ts=2026-11-20T10:15:23Z|msg=join refused|code=4009"},
		{`a= b="" c`, "a=|b=|c!"},
		{`  a=1	b=2  `, "a=1|b=2"},
		{`a="x\"y\\" b=2`, `a=x\"y\\ esc|b=2`},
		{`a="open b=2`, `a=open b=2`},
		{`a="x\`, `a=x\ esc`},
		{`msg="say "hi" there" code=4009`, `msg=say |code=4009`},
		{`"quoted words" a=1`, `a=1`},
		{`=x a=1`, `a=1`},
		{`a=b=c`, `a=b=c`},
		{`url=http://x/?q="a" z=1`, `url=http://x/?q="a"|z=1`},
		{``, ``},
	}
	for _, tt := range tests {
		var got []string
		Each([]byte(tt.in), func(key, value []byte, escaped bool) bool {
			s := string(key)
			if value == nil {
				s += "!"
			} else {
				s += "=" + string(value)
			}
			if escaped {
				s += " esc"
			}
			got = append(got, s)
			return true
		})
		if s := strings.Join(got, "|"); s != tt.want {
			t.Errorf("%s: %s, want %s", tt.in, s, tt.want)
		}
	}
}
