package config

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "write what is reported now into testdata")

func known() Known {
	return Known{Catalogs: []string{"videosdk-react", "videosdk-flutter"}, Rules: []string{"AuthSpike", "MeetingsFull"}}
}

// TestMistakes compares what is reported for each file of the archives with the text that stands behind it, under the
// same name with " =>": exactly as people see it.
func TestMistakes(t *testing.T) {
	t.Parallel()
	archives, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(archives) < 5 {
		t.Fatal(archives, err)
	}
	for _, path := range archives {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			t.Parallel()
			testMistakes(t, path)
		})
	}
}

func testMistakes(t *testing.T, path string) {
	a, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	wants := map[string]string{}
	var inputs []txtar.File
	for _, f := range a.Files {
		if name, ok := strings.CutSuffix(f.Name, " =>"); ok {
			wants[name] = string(f.Data)
			continue
		}
		inputs = append(inputs, f)
	}
	out := &txtar.Archive{Comment: a.Comment}
	for _, f := range inputs {
		_, ps := loadText(t, string(f.Data), LoadOptions{Known: known()})
		got := Format(ps) + Summary(ps) + "\n"
		if got != wants[f.Name] && !*update {
			t.Errorf("%s: got\n%s\nwant\n%s", f.Name, got, wants[f.Name])
		}
		out.Files = append(out.Files, f, txtar.File{Name: f.Name + " =>", Data: []byte(got)})
	}
	if b := txtar.Format(out); *update && !bytes.Equal(b, txtar.Format(a)) {
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
