package cli

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/errwatch/errwatch/internal/app"
)

// The form of reports that continuous integration reads: one suite for each file of tests.
type junitReport struct {
	XMLName  xml.Name     `xml:"testsuites"`
	Tests    int          `xml:"tests,attr"`
	Failures int          `xml:"failures,attr"`
	Suites   []junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name     string      `xml:"name,attr"`
	Tests    int         `xml:"tests,attr"`
	Failures int         `xml:"failures,attr"`
	Cases    []junitCase `xml:"testcase"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	File    string        `xml:"file,attr"`
	Line    int           `xml:"line,attr"`
	Failure *junitFailure `xml:"failure"`
}

type junitFailure struct {
	Message string `xml:"message,attr"`
	Text    string `xml:",chardata"`
}

func writeJUnit(w io.Writer, r *app.TestReport) error {
	var out junitReport
	for i := range r.Tests {
		t := &r.Tests[i]
		if n := len(out.Suites); n == 0 || out.Suites[n-1].Name != t.File {
			out.Suites = append(out.Suites, junitSuite{Name: t.File})
		}
		s := &out.Suites[len(out.Suites)-1]
		c := junitCase{Name: t.Name, Class: t.File, File: t.File, Line: t.Line, Failure: junitFailureOf(t)}
		s.Cases = append(s.Cases, c)
		s.Tests++
		out.Tests++
		if c.Failure != nil {
			s.Failures++
			out.Failures++
		}
	}
	text, err := xml.MarshalIndent(out, "", "  ")
	if err != nil {
		return err
	}
	_, err = io.WriteString(w, xml.Header+string(text)+"\n")
	return err
}

func junitFailureOf(t *app.TestResult) *junitFailure {
	if len(t.Failures) == 0 {
		return nil
	}
	var b strings.Builder
	for _, f := range t.Failures {
		fmt.Fprintf(&b, "\n%s: %s\n", testPlace(t.File, f.Line), safeLine(f.What))
		for _, d := range f.Diffs {
			b.WriteString("  " + strings.Join(diffLines(d), "\n  ") + "\n")
		}
	}
	return &junitFailure{Message: safeLine(t.Failures[0].What), Text: b.String()}
}
