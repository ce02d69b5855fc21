package privacy

import (
	"cmp"
	"slices"
)

// kind is what a span of text was found to be, the strongest first: where two spans cover the same text, the stronger
// names it.
type kind uint8

const (
	kindJWT kind = iota
	kindBearer
	kindAPIKey
	kindHash
	kindEmail
	kindIP
	kindPattern
)

func (k kind) String() string {
	return [...]string{"jwt", "bearer", "api_key", "hash", "email", "ip", "pattern"}[k]
}

// span is a piece of text to hide.
type span struct {
	start, end int
	kind       kind
	secret     int // of kindHash: which
}

// spanBuf is how many spans a text may have without an allocation.
const spanBuf = 16

// find appends the spans of text that must be hidden, in order and apart from each other.
func (r *Redactor) find(text []byte, spans []span, secrets []hashed) []span {
	if len(text) >= minSecret && !r.cannotHide(text) {
		spans = r.scan(text, spans)
	}
	for i := range secrets {
		spans = findValue(text, &secrets[i], i, spans)
	}
	for _, re := range r.patterns {
		if re.Match(text) { // which allocates nothing
			spans = findPattern(text, re, spans)
		}
	}
	return merge(spans)
}

// merge sorts the spans and joins those that overlap. All finders look at the original text, so that none is blinded by
// what another one has taken out; this is where their findings come together.
func merge(spans []span) []span {
	if len(spans) < 2 {
		return spans
	}
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(a.start-b.start, b.end-a.end, int(a.kind)-int(b.kind))
	})
	out := spans[:1]
	for _, s := range spans[1:] {
		last := &out[len(out)-1]
		if s.start >= last.end {
			out = append(out, s)
			continue
		}
		if s.end > last.end { // neither covers the other
			if s.kind < last.kind {
				last.kind, last.secret = s.kind, s.secret
			}
			last.end = s.end
		}
	}
	return out
}

// render appends text to dst with the spans replaced.
func (r *Redactor) render(dst, text []byte, spans []span, w *work) []byte {
	at := 0
	for _, s := range spans {
		dst = append(dst, text[at:s.start]...)
		at = s.end
		if s.kind == kindHash {
			dst = w.secrets[s.secret].append(dst)
			continue
		}
		dst = append(dst, "<redacted:"...)
		dst = append(dst, s.kind.String()...)
		if w.keyed {
			digits := r.hasher.sum(text[s.start:s.end])
			dst = append(append(dst, ':'), digits[:]...)
		}
		dst = append(dst, '>')
	}
	return append(dst, text[at:]...)
}
