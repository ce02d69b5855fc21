package notify

import (
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"math"
	"net"
	"net/url"
	"regexp"
	"strings"
	"text/template"
	"unicode"

	"github.com/prometheus/common/helpers/templates"
)

// Bounds of what a template may do for one message. They are far above what a body needs; without them one that loops
// would stop all messages of its receiver.
const (
	maxSteps   = 20_000  // turns of loops and uses of other templates
	maxDepth   = 100     // templates within templates
	maxWork    = 8 << 20 // bytes that functions read and make
	maxText    = 1 << 18 // bytes of one text that a function makes
	maxPattern = 1 << 10 // bytes of a regex
	maxArgs    = 64      // of print and its like
	maxFound   = 5000    // places that one reReplaceAll replaces
)

// budget is what is left for the message that is being made.
type budget struct {
	steps, depth, work int
	regexes            map[string]*regexp.Regexp
}

func newBudget() budget {
	return budget{steps: maxSteps, work: maxWork, regexes: map[string]*regexp.Regexp{}}
}

var (
	errSteps = errors.New("the template loops too often")
	errWork  = errors.New("the template does too much")
)

// step is called at each turn of a loop. parse puts the call there.
func (b *budget) step() (string, error) {
	if b.steps--; b.steps < 0 {
		return "", errSteps
	}
	return "", nil
}

// enter and leave are called at the beginning and the end of each template.
func (b *budget) enter() (string, error) {
	if b.depth++; b.depth > maxDepth {
		return "", errSteps
	}
	return b.step()
}

func (b *budget) leave() string {
	b.depth--
	return ""
}

// charge pays for a text that a function has read or made.
func (b *budget) charge(s string) (string, error) {
	if b.work -= len(s) + 1; b.work < 0 || len(s) > maxText {
		return "", errWork
	}
	return s, nil
}

// text wraps a function of one text.
func (b *budget) text(f func(string) string) func(string) (string, error) {
	return func(s string) (string, error) {
		if _, err := b.charge(s); err != nil {
			return "", err
		}
		return b.charge(f(s))
	}
}

// values wraps a function of any values, such as print.
func (b *budget) values(f func(...any) string) func(...any) (string, error) {
	return func(args ...any) (string, error) {
		if len(args) > maxArgs {
			return "", errWork
		}
		return b.charge(f(args...))
	}
}

// number wraps a function of a number, which may come as text.
func (b *budget) number(f func(float64) string) func(any) (string, error) {
	return func(v any) (string, error) {
		x, err := templates.ConvertToFloat(v)
		if err != nil {
			return "", err
		}
		return b.charge(f(x))
	}
}

// funcs are Prometheus's functions that need no database and give the same result at each try, under its names and with
// its results; and json. What text/template has by itself is replaced where it could grow without bound.
func (b *budget) funcs(externalURL string) template.FuncMap {
	return template.FuncMap{
		stepName: b.step, enterName: b.enter, leaveName: b.leave,

		"json":               b.json,
		"humanize":           b.number(humanize),
		"humanize1024":       b.number(humanize1024),
		"humanizeDuration":   templates.HumanizeDuration,
		"humanizePercentage": b.number(func(v float64) string { return fmt.Sprintf("%.4g%%", v*100) }),
		"humanizeTimestamp":  templates.HumanizeTimestamp,
		"toUpper":            b.text(strings.ToUpper),
		"toLower":            b.text(strings.ToLower),
		"title":              b.text(title),
		"match":              b.match,
		"reReplaceAll":       b.replaceAll,
		"stripPort":          b.text(stripPort),
		"stripDomain":        b.text(stripDomain),
		"safeHtml":           b.text(func(s string) string { return s }),
		"externalURL":        func() string { return externalURL },
		"args":               args,
		"join":               b.join,
		"trimSpace":          b.text(strings.TrimSpace),

		"html":     b.values(func(v ...any) string { return html.EscapeString(fmt.Sprint(v...)) }),
		"js":       b.values(template.JSEscaper),
		"urlquery": b.values(func(v ...any) string { return url.QueryEscape(fmt.Sprint(v...)) }),
		"print":    b.values(fmt.Sprint),
		"println":  b.values(fmt.Sprintln),
		"printf":   b.printf,
	}
}

// json writes any value of the data as JSON: a text with its quotes and everything escaped.
func (b *budget) json(v any) (string, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	return b.charge(string(text))
}

// printf is printf without the widths that turn a few bytes into gigabytes.
func (b *budget) printf(format string, args ...any) (string, error) {
	if strings.Count(format, "%") > maxArgs {
		return "", errWork
	}
	digits := 0
	for _, c := range format {
		if digits++; c < '0' || c > '9' {
			digits = 0
		}
		if c == '*' || digits > 3 {
			return "", errors.New("printf takes no * and no width of more than three digits here")
		}
	}
	return b.charge(fmt.Sprintf(format, args...))
}

// What regexes cost, in bytes of work: one of a thousand bytes can take a hundred times as long as its text suggests.
const (
	costCompile = 50_000
	costMatch   = 16 // each byte of the text
)

// regex compiles a regex, once for each message, and pays for a text to be held against it.
func (b *budget) regex(pattern, text string) (*regexp.Regexp, error) {
	if b.work -= costMatch * (len(text) + 1); b.work < 0 {
		return nil, errWork
	}
	if re := b.regexes[pattern]; re != nil {
		return re, nil
	}
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("a regex of more than %d bytes", maxPattern)
	}
	if b.work -= costCompile; b.work < 0 {
		return nil, errWork
	}
	re, err := regexp.Compile(pattern)
	if err == nil {
		b.regexes[pattern] = re
	}
	return re, err
}

func (b *budget) match(pattern, text string) (bool, error) {
	re, err := b.regex(pattern, text)
	return err == nil && re.MatchString(text), err
}

// replaceAll is ReplaceAllString that ends when the result is too long.
func (b *budget) replaceAll(pattern, replacement, text string) (string, error) {
	re, err := b.regex(pattern, text)
	if err != nil {
		return "", err
	}
	var out []byte
	last := 0
	found := re.FindAllStringSubmatchIndex(text, maxFound)
	if len(found) == maxFound {
		return "", errWork
	}
	for _, m := range found {
		out = append(out, text[last:m[0]]...)
		out = re.ExpandString(out, replacement, text, m)
		if last = m[1]; len(out) > maxText {
			return "", errWork
		}
	}
	return b.charge(string(append(out, text[last:]...)))
}

// join puts texts together; nothing is what a missing list is.
func (b *budget) join(separator string, texts []string) (string, error) {
	n := len(separator) * len(texts)
	for _, s := range texts {
		n += len(s)
	}
	if n > maxText {
		return "", errWork
	}
	return b.charge(strings.Join(texts, separator))
}

// args packs values for a template of one's own: {{ template "x" (args .a .b) }} sees them as .arg0 and .arg1.
func args(values ...any) map[string]any {
	out := make(map[string]any, len(values))
	for i, v := range values {
		out[fmt.Sprintf("arg%d", i)] = v
	}
	return out
}

// title makes the first letter of each word a capital.
func title(s string) string {
	var out strings.Builder
	start := true
	for _, r := range s {
		if start {
			r = unicode.ToTitle(r)
		}
		start = unicode.IsSpace(r)
		out.WriteRune(r)
	}
	return out.String()
}

func stripPort(hostPort string) string {
	if host, _, err := net.SplitHostPort(hostPort); err == nil {
		return host
	}
	return hostPort
}

// stripDomain takes the domain off a name, but leaves a port, and addresses.
func stripDomain(hostPort string) string {
	host, port, err := net.SplitHostPort(hostPort)
	if err != nil {
		host, port = hostPort, ""
	}
	if net.ParseIP(host) != nil {
		return hostPort
	}
	host, _, _ = strings.Cut(host, ".")
	if port != "" {
		return net.JoinHostPort(host, port)
	}
	return host
}

// humanize writes a number with a metric prefix: 1234567 is 1.235M.
func humanize(v float64) string {
	const big, small = "kMGTPEZY", "munpfazy"
	if v == 0 || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprintf("%.4g", v)
	}
	prefix := ""
	for i := 0; i < len(big) && math.Abs(v) >= 1000; i++ {
		v, prefix = v/1000, big[i:i+1]
	}
	for i := 0; prefix == "" && i < len(small) && math.Abs(v) < 1; i++ {
		v *= 1000
		if math.Abs(v) >= 1 || i == len(small)-1 {
			return fmt.Sprintf("%.4g%s", v, small[i:i+1])
		}
	}
	return fmt.Sprintf("%.4g%s", v, prefix)
}

// humanize1024 writes a size: 1536 is 1.5ki.
func humanize1024(v float64) string {
	const prefixes = "kMGTPEZY"
	if math.Abs(v) <= 1 || math.IsNaN(v) || math.IsInf(v, 0) {
		return fmt.Sprintf("%.4g", v)
	}
	prefix := ""
	for i := 0; i < len(prefixes) && math.Abs(v) >= 1024; i++ {
		v, prefix = v/1024, prefixes[i:i+1]+"i"
	}
	return fmt.Sprintf("%.4g%s", v, prefix)
}
