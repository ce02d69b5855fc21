package app

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/errwatch/errwatch/internal/config"
)

// TestDocumentedConfigurations builds every configuration of the documents as a start would: config.example.yaml, as it
// is and with all that it comments out, and each YAML block of the README and docs all of whose keys are errwatch's.
func TestDocumentedConfigurations(t *testing.T) {
	t.Parallel()
	example := readRepo(t, "config.example.yaml")
	builds(t, "config.example.yaml", example)
	// A commented key stands directly behind its #, prose has one space there.
	whole := regexp.MustCompile(`(?m)^( *)#(|  +)(- |[a-z_]+:)`).ReplaceAllString(example, "$1$2$3")
	builds(t, "config.example.yaml, whole", inFolder(t, whole))

	files, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```ya?ml\n(.*?)^```")
	built := 0
	for _, file := range append(files, "../../README.md") {
		name := filepath.Base(file)
		for _, m := range blocks.FindAllStringSubmatch(readRepo(t, strings.TrimPrefix(file, "../../")), -1) {
			if foreign(t, m[1]) {
				continue
			}
			builds(t, name+":\n"+m[1], inFolder(t, m[1]))
			built++
		}
	}
	if built < 2 {
		t.Errorf("only %d configurations were found in the documents", built)
	}
}

func readRepo(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("../../" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// inFolder replaces the files that a configuration names and a start reads, by some that are there.
func inFolder(t *testing.T, text string) string {
	t.Helper()
	for key, content := range map[string]string{
		"key_file": strings.Repeat("k", 32), "url_file": "https://example.com/hook", "template_file": "{{ .Summary }}",
	} {
		file := writeFile(t, key, content)
		text = regexp.MustCompile(`(\b`+key+`: *)[^\s,}]+`).ReplaceAllString(text, "${1}"+file)
	}
	return text
}

// foreign says that a block is no configuration of errwatch.
func foreign(t *testing.T, text string) bool {
	t.Helper()
	keys := 0
	for line := range strings.Lines(text) {
		key, _, ok := strings.Cut(line, ":")
		if !ok || strings.TrimLeft(key, " #-") != key {
			continue
		}
		keys++
		if !strings.Contains(" server state log catalog codes sources patterns metrics rules alerts privacy receivers capacity limits ", " "+strings.TrimSpace(key)+" ") {
			return true
		}
	}
	return keys == 0
}

func builds(t *testing.T, name, text string) {
	t.Helper()
	cfg, problems := config.Load(config.LoadOptions{Path: writeFile(t, "config.yaml", text)})
	if HasErrors(problems) {
		t.Errorf("%s\n%s", name, config.Format(problems))
		return
	}
	if plan, more := Build(cfg); plan == nil {
		t.Errorf("%s\n%s", name, config.Format(more))
	}
}
