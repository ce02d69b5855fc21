package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/errwatch/errwatch/internal/sim"
)

// job is a set of regexes over a file.
type job struct {
	name     string
	counters []sim.Counter
	file     corpus
}

// oneCounter is job A: a code label out of one regex.
func oneCounter() []sim.Counter {
	return []sim.Counter{{Name: "errors", Regex: `onError code=(?P<code>\d{4}) `}}
}

// errwatch returns a scan of files with a configuration; "" is the built-in one.
func (b *bench) errwatch(config string, env []string, paths ...string) *program {
	args := []string{b.binary, "scan", "-o", "json"}
	if config != "" {
		args = append(args, "-c", config)
	} else {
		env = append(env, "ERRWATCH_CONFIG="+os.DevNull)
	}
	return &program{name: "errwatch", args: append(args, paths...), env: env, count: scanned}
}

// scanned adds up what a scan printed.
func scanned(out []byte) (int64, error) {
	var r struct {
		Events []struct{ Count int64 }
		Failed []any
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return 0, err
	}
	if len(r.Failed) > 0 {
		return 0, fmt.Errorf("scan could not read: %v", r.Failed)
	}
	n := int64(0)
	for _, e := range r.Events {
		n += e.Count
	}
	return n, nil
}

// config writes a configuration that has only the counters as its patterns, each under a code of its own.
func (b *bench) config(name string, counters []sim.Counter) string {
	var s strings.Builder
	s.WriteString("patterns:\n")
	for i, c := range counters {
		fmt.Fprintf(&s, "  - {name: %s, regex: '%s'", c.Name, strings.ReplaceAll(c.Regex, "'", "''"))
		if !strings.Contains(c.Regex, "?P<code>") {
			fmt.Fprintf(&s, ", code: %q", fmt.Sprint("X", i))
		}
		s.WriteString("}\n")
	}
	return b.write(name+".yaml", s.String())
}

func (b *bench) write(name, text string) string {
	path := filepath.Join(b.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.fail("%v", err)
	}
	return path
}

// ripgrep counts the lines that match any of the regexes.
func ripgrep(j job, flags ...string) *program {
	path, err := exec.LookPath("rg")
	if err != nil {
		return &program{name: "rg"}
	}
	args := append([]string{path, "--no-config", "-c"}, flags...)
	for _, c := range j.counters {
		args = append(args, "-e", c.Regex)
	}
	return &program{name: "rg", args: append(args, j.file.path), count: number64}
}

func number64(out []byte) (int64, error) {
	return strconv.ParseInt(string(bytes.TrimSpace(out)), 10, 64)
}

// mtail counts each regex apart, as errwatch does.
func (b *bench) mtail(j job) *program {
	path, err := exec.LookPath("mtail")
	if err != nil {
		return &program{name: "mtail"}
	}
	progs := filepath.Join(b.dir, "mtail-"+j.name)
	if err := os.MkdirAll(progs, 0o700); err != nil {
		b.fail("%v", err)
	}
	var s strings.Builder
	for _, c := range j.counters {
		regex := strings.ReplaceAll(c.Regex, "/", `\/`)
		if strings.Contains(regex, "?P<code>") {
			fmt.Fprintf(&s, "counter %s by code\n/%s/ {\n  %s[$code]++\n}\n", c.Name, regex, c.Name)
		} else {
			fmt.Fprintf(&s, "counter %s\n/%s/ {\n  %s++\n}\n", c.Name, regex, c.Name)
		}
	}
	b.write(filepath.Join("mtail-"+j.name, "job.mtail"), s.String())
	return &program{
		name:  "mtail",
		args:  []string{path, "-one_shot", "-log_dir", b.dir, "-progs", progs, "-logs", j.file.path},
		count: mtailed,
	}
}

// mtailed adds up the values that mtail prints when it has read all.
func mtailed(out []byte) (int64, error) {
	start := bytes.IndexAny(out, "[{")
	if start < 0 {
		return 0, fmt.Errorf("mtail printed no metrics: %.200s", out)
	}
	var metrics any
	if err := json.Unmarshal(out[start:], &metrics); err != nil {
		return 0, fmt.Errorf("mtail's metrics: %w", err)
	}
	return sumOfValues(metrics), nil
}

// sumOfValues adds up every "Value" whatever it is nested in: that differs between mtail's versions.
func sumOfValues(v any) int64 {
	n := int64(0)
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			n += sumOfValues(x)
		}
	case map[string]any:
		for k, x := range v {
			if f, ok := x.(float64); ok && k == "Value" {
				n += int64(f)
			} else {
				n += sumOfValues(x)
			}
		}
	}
	return n
}
