// Package privacy hides what should not leave the line: tokens, keys, e-mail and IP addresses. It stands at the exit
// of the parser, so that no later stage (counters, history, alerts, pages) can read clear text.
//
// Two means: redaction replaces what looks like a secret or an address by <redacted:KIND>; hashing replaces the values
// of named fields by <hash:HEX>, a keyed hash, so that equal values stay equal and can be counted.
//
// The finders are written by hand and err on the side of hiding: a four-part version number is hidden as an address,
// rather than an address shown as a version number. They read text as it stands in the log, so JSON escapes before,
// behind and inside a value do not protect it from being found.
package privacy

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/errwatch/errwatch/internal/event"
)

// MinKey is the shortest key for hashing, in bytes: with fewer, whoever sees a hash could try all keys.
const MinKey = 16

// Kinds are the kinds that Options.Redact may name.
func Kinds() []string {
	return []string{"jwt", "bearer", "api_key", "email", "ip"}
}

// Options say what to hide. The zero Options hide nothing.
type Options struct {
	// Redact names built-in kinds:
	//   jwt      three base64url parts beginning eyJ, and what is left of such a token where a line was cut
	//   bearer   what follows "Bearer", and the value of an authorization header or field
	//   api_key  the values of keys that end in api_key, secret, token, password and the like; tokens that show what
	//            they are (sk_…, ghp_…, xoxb-…); passwords in URLs
	//   email    e-mail addresses
	//   ip       IPv4 and IPv6 addresses; neither times nor numbers of fewer or more than four parts
	Redact []string
	// Patterns are regular expressions. Where one has groups only what the groups matched is hidden, else all.
	Patterns []string
	// Hash names event fields whose values are hashed, in the field and wherever they stand again in the event.
	Hash []string
	// Key is the secret of the hashes: at least MinKey bytes if Hash is not empty. The same key gives the same hashes
	// on every server. Where there is a key, what is redacted in fields carries a hash too (<redacted:email:HEX>), so
	// that people whose ids are e-mail addresses can still be counted; without one they all become the same value.
	Key []byte
}

// Redactor hides. It is immutable and safe for concurrent use.
type Redactor struct {
	jwt, bearer, apiKey, email, ip bool

	marks, last, before [256]uint16 // see fillTables
	opens               [256]uint8  // see fillOpens

	patterns []*regexp.Regexp
	hash     []string
	hasher   *hasher // nil without a key
}

// New makes a Redactor. The error lists everything that is wrong with the options, by their names in the
// configuration.
func New(o Options) (*Redactor, error) {
	r := &Redactor{hash: slices.Clone(o.Hash)}
	var errs []error
	for i, kind := range o.Redact {
		if !r.enable(kind) {
			errs = append(errs, fmt.Errorf("redact[%d]: there is no kind %q, only %s; use patterns for others", i, kind, strings.Join(Kinds(), ", ")))
		}
	}
	r.fillTables()
	r.fillOpens()
	for i, p := range o.Patterns {
		re, err := regexp.Compile(p)
		switch {
		case err != nil:
			errs = append(errs, fmt.Errorf("patterns[%d]: %w", i, err))
		case re.MatchString(""):
			errs = append(errs, fmt.Errorf("patterns[%d]: %q also matches nothing at all: write + for *", i, p))
		default:
			r.patterns = append(r.patterns, re)
		}
	}
	if slices.Contains(o.Hash, "") {
		errs = append(errs, errors.New("hash: a field without a name"))
	}
	switch {
	case len(o.Key) >= MinKey:
		r.hasher = newHasher(o.Key)
	case len(o.Key) > 0:
		errs = append(errs, fmt.Errorf("key_file: the key has %d bytes, at least %d are needed: head -c 32 /dev/urandom makes one", len(o.Key), MinKey))
	case len(o.Hash) > 0:
		errs = append(errs, fmt.Errorf("hash: a key is needed: name a file with at least %d random bytes in key_file", MinKey))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *Redactor) enable(kind string) bool {
	switch kind {
	case "jwt":
		r.jwt = true
	case "bearer":
		r.bearer = true
	case "api_key":
		r.apiKey = true
	case "email":
		r.email = true
	case "ip":
		r.ip = true
	default:
		return false
	}
	return true
}

// Apply hides in the event's Text, Message, field values, code and name. Nothing is overwritten, since these point into
// shared buffers: what changes is built behind scratch's length, and the event is pointed there. The longer scratch is
// returned; what the event points to stays valid until the memory of scratch is used again.
//
// An event with nothing to hide costs no allocation, one with something none either once scratch is long enough,
// except for patterns that match.
func (r *Redactor) Apply(e *event.Event, scratch []byte) []byte {
	if len(r.hash) == 0 {
		return r.apply(e, scratch, nil)
	}
	var secrets [maxHashed]hashed
	return r.apply(e, scratch, r.secrets(e, secrets[:0]))
}

// Defer does what Apply does, but for the text, which becomes Hidden: what is in it is looked for when it is shown. The
// event loses its Message. Where values are hashed, which are looked for in the text, too, the text is done at once.
func (r *Redactor) Defer(e *event.Event, scratch []byte) []byte {
	if len(r.hash) > 0 {
		e.Message = nil
		return r.Apply(e, scratch)
	}
	e.Hide(r)
	return r.apply(e, scratch, nil)
}

// apply is Apply with the values to hash worked out.
func (r *Redactor) apply(e *event.Event, scratch []byte, secrets []hashed) []byte {
	var spans [spanBuf]span
	w := work{spans: spans[:0], secrets: secrets, keyed: r.hasher != nil}
	for i := range e.Fields {
		f := &e.Fields[i]
		if s := secretOf(w.secrets, i); s != nil {
			from := len(scratch)
			scratch = s.append(scratch)
			f.Value = scratch[from:len(scratch):len(scratch)]
			continue
		}
		f.Value, scratch = r.hide(f.Value, scratch, &w)
	}
	w.keyed = false
	e.Text, scratch = r.hide(e.Text, scratch, &w)
	e.Message, scratch = r.hide(e.Message, scratch, &w)
	e.Code = r.hideName(e.Code)
	e.Name = r.hideName(e.Name)
	return scratch
}

// Text appends text to dst with everything of the configured kinds and patterns redacted. It knows no fields, so it
// hashes nothing. dst must not overlap text.
func (r *Redactor) Text(dst, text []byte) []byte {
	var buf [spanBuf]span
	spans := r.find(text, buf[:0], nil)
	if len(spans) == 0 {
		return append(dst, text...)
	}
	return r.render(dst, text, spans, &work{})
}

// work is what the passes over one event share, kept on the stack.
type work struct {
	spans   []span   // empty; room for what is found
	secrets []hashed // the values to hash
	keyed   bool     // what is redacted carries a hash
}

// hide returns text with everything hidden: text itself where there is nothing, else a copy in scratch.
func (r *Redactor) hide(text, scratch []byte, w *work) (hidden, scratch2 []byte) {
	spans := r.find(text, w.spans, w.secrets)
	if len(spans) == 0 {
		return text, scratch
	}
	from := len(scratch)
	scratch = r.render(scratch, text, spans, w)
	return scratch[from:len(scratch):len(scratch)], scratch
}

// hideName redacts in a code or name, which a pattern of one's own may capture from anywhere. Only the built-in kinds
// count there: an expression such as \d+ must not take the codes away.
func (r *Redactor) hideName(s string) string {
	if plainName(s) {
		return s
	}
	text := []byte(s)
	spans := merge(r.scan(text, nil))
	if len(spans) == 0 {
		return s
	}
	return string(r.render(nil, text, spans, &work{}))
}

// minSecret is the length of the shortest thing that a built-in finder finds: the address ::1.
const minSecret = 3
