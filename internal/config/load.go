package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
)

// SystemPath is where the file is looked for when nobody names one.
const SystemPath = "/etc/errwatch/config.yaml"

// maxFile bounds the size of a configuration in bytes: what is larger is some other file, or a device.
const maxFile = 4 << 20

// maxProblems bounds how many problems are reported, and how much work is put into them: more help nobody.
const maxProblems = 200

// LoadOptions says where a configuration comes from.
type LoadOptions struct {
	Path       string   // of -c; "": $ERRWATCH_CONFIG, else SystemPath where it exists, else the built-in configuration
	SystemPath string   // instead of the constant
	Env        []string // KEY=value, as os.Environ returns it
	Flags      []Flag   // what the command line says about single settings
	Known      Known
}

// Flag is a setting that was given on the command line.
type Flag struct {
	Setting string // server.listen
	Name    string // of the flag, for messages: --listen
	Value   string
}

// Known is what other parts of the program know by name. A nil list is not checked against.
type Known struct {
	Catalogs []string // names of built-in catalogues
	Rules    []string // names of built-in rules, which a rule of the file may override
}

// Load reads, layers and checks a configuration. It finds every mistake that can be found without compiling anything,
// in the order of the file. The configuration is never nil: what is wrong has its default, so that other checks can go on
// and report everything in one run. Nothing may be started with it if HasErrors.
func Load(o LoadOptions) (*Config, []Problem) {
	path, named := Find(o)
	var content []byte
	if path != "" {
		var err error
		content, err = readFile(path)
		if !named && errors.Is(err, fs.ErrNotExist) {
			path = ""
		} else if err != nil {
			c := Default()
			c.doc = &document{file: path}
			c.finish()
			return c, []Problem{{File: path, Severity: Error, Message: plainError(err)}}
		}
	}
	return parse(path, content, o)
}

// Find returns the path of the file that Load would read, "" for none. named says that somebody asked for just this
// file: that it does not exist is an error then.
func Find(o LoadOptions) (path string, named bool) {
	if o.Path != "" {
		return o.Path, true
	}
	if p := getenv(o.Env, configVariable); p != "" {
		return p, true
	}
	if o.SystemPath != "" {
		return o.SystemPath, false
	}
	return SystemPath, false
}

// File is the path of the file that the configuration came from or was to come from, "" where there was none.
func (c *Config) File() string {
	if c.doc == nil {
		return ""
	}
	return c.doc.file
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.IsDir() {
		return nil, errors.New("is a directory, expected a YAML file")
	}
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return nil, err
	}
	if len(b) > maxFile {
		return nil, fmt.Errorf("larger than %s: not a file of errwatch's", Size(maxFile))
	}
	return b, nil
}

// plainError drops what the place of the problem already says.
func plainError(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		err = p.Err
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "the file does not exist"
	case errors.Is(err, fs.ErrPermission):
		return "the file cannot be read: permission denied"
	}
	return err.Error()
}

// parse makes a configuration of a file's content and the layers above it.
func parse(path string, content []byte, o LoadOptions) (*Config, []Problem) {
	c := Default()
	c.doc = &document{file: path, outside: map[string]origin{}}
	d := newDecoder(c.doc)
	if p := c.doc.read(content); p != nil {
		d.problems = append(d.problems, *p)
	} else if c.doc.root != nil {
		d.value(c.doc.root, reflect.ValueOf(c).Elem(), "", "")
	}
	if d.tooMany != nil {
		c.finish()
		return c, []Problem{*d.tooMany} // all else follows from what was left out
	}
	layered := c.layer(o)
	c.finish()
	k := &checker{c: c, known: o.Known}
	k.all()
	c.resolve()
	return c, bound(Merge(d.problems, layered, k.problems), d.failed > maxProblems || k.found > maxProblems)
}

// bound cuts off what nobody would read. more says that there was more already.
func bound(ps []Problem, more bool) []Problem {
	if len(ps) > maxProblems {
		ps, more = ps[:maxProblems], true
	}
	if more {
		ps = append(ps, Problem{File: ps[0].File, Severity: Error, Message: "further problems are not shown"})
	}
	return ps
}
