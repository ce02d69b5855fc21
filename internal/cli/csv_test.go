package cli

import (
	"strings"
	"testing"
)

func TestWriteCSVDisarmsFormulas(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	if err := writeCSV(&b, []string{"a", "b"}, [][]string{{"=cmd|' /C calc'!A0", "-5"}, {"+x", "@y"}, {"-x", `q"u`}}); err != nil {
		t.Fatal(err)
	}
	want := "a,b\n'=cmd|' /C calc'!A0,-5\n'+x,'@y\n'-x,\"q\"\"u\"\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
}
