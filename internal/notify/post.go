package notify

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	commoncfg "github.com/prometheus/common/config"
)

// Bounds for what the other side answers.
const (
	maxAnswer     = 64 << 10  // bytes read, so that the connection can be used again
	maxQuoted     = 200       // bytes of it in an error
	maxRetryAfter = time.Hour // a longer Retry-After is taken for this
	maxRedirects  = 3
)

// doer sends one request.
type doer func(*http.Request) (*http.Response, error)

// newDoer returns the injected one, or a client with the receiver's settings.
func newDoer(o Options, name string, cfg *commoncfg.HTTPClientConfig) (doer, error) {
	if cfg == nil {
		c := commoncfg.DefaultHTTPClientConfig
		cfg = &c
	}
	client, err := commoncfg.NewClientFromConfig(*cfg, name)
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	if o.Do != nil {
		return o.Do, nil
	}
	client.CheckRedirect = func(next *http.Request, via []*http.Request) error {
		if !cfg.FollowRedirects || len(via) > maxRedirects || !harmless(via[0], next) {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return client.Do, nil
}

// harmless reports whether a redirect may be followed: only as the same POST to the same host. A browser's turning of
// POST into GET would make a log-in page's 200 look like success.
func harmless(first, next *http.Request) bool {
	return next.Method == first.Method && next.URL.Hostname() == first.URL.Hostname() &&
		(next.URL.Scheme == "https" || next.URL.Scheme == first.URL.Scheme)
}

// failure is a request that did not succeed. Its text has been made safe to log and names no address.
type failure struct {
	text  string
	kind  string        // text without what the other side wrote, which may be another one each time
	final bool          // another try would fail the same way
	after time.Duration // the other side asked to wait so long; 0: it did not
}

// post sends a body to address; nil: it was accepted. ctx is cut off after the timeout of o.
func post(ctx context.Context, o Options, do doer, address string, header http.Header, b body) *failure {
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(b.text))
	if err != nil {
		return &failure{text: "the address is not a URL"} // err would repeat it, and it may be a secret
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Content-Type", b.kind)
	req.Header.Set("User-Agent", "errwatch")
	resp, err := do(req)
	if err != nil {
		return &failure{text: "no answer: " + clean(withoutURL(err), maxQuoted)}
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(io.LimitReader(resp.Body, maxAnswer)) // a torn body changes nothing: the status has come
	if resp.StatusCode/100 == 2 {
		return nil
	}
	return refused(resp, answer, o.Now())
}

// withoutURL returns the text of an error of net/http without the address that it repeats, and without the local port,
// which is another one each time.
func withoutURL(err error) string {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	var timeout interface{ Timeout() bool }
	if errors.As(err, &timeout) && timeout.Timeout() {
		return "timeout"
	}
	var op *net.OpError
	if errors.As(err, &op) {
		return op.Op + ": " + op.Err.Error()
	}
	return err.Error()
}

// refused makes a failure of an answer. Which ones are final is about the message, not about the address: an address, a
// token or a channel can be put right while the message waits.
func refused(resp *http.Response, answer []byte, now time.Time) *failure {
	f := &failure{kind: "status " + strconv.Itoa(resp.StatusCode)}
	f.text = f.kind
	if text := clean(string(answer), maxQuoted); text != "" {
		f.text += ": " + text
	}
	switch resp.StatusCode {
	case http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable, http.StatusRequestEntityTooLarge,
		http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity:
		f.final = true
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		f.after = retryAfter(resp.Header.Get("Retry-After"), now)
	}
	if resp.StatusCode/100 == 3 {
		f.text += " (it redirects elsewhere: give the final address)"
	}
	return f
}

// retryAfter reads the header, seconds or a date, and bounds it.
func retryAfter(h string, now time.Time) time.Duration {
	var d time.Duration
	if s, err := strconv.ParseInt(h, 10, 64); err == nil {
		d = time.Duration(min(s, int64(maxRetryAfter/time.Second))) * time.Second
	} else if at, err := http.ParseTime(h); err == nil {
		d = at.Sub(now)
	}
	return min(max(d, 0), maxRetryAfter)
}

// clean makes text of unknown origin fit for one line of a log: one line, no control characters, at most n bytes.
func clean(s string, n int) string {
	s = strings.ToValidUTF8(s[:min(len(s), 4*n)], "\uFFFD")
	s = strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return ' '
		}
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, s)
	return cut(strings.TrimSpace(s), n)
}

// cut shortens s to at most n bytes, at a character, and shows that it did.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	end := 0
	for i := range s {
		if i > n-len("…") {
			break
		}
		end = i
	}
	return s[:end] + "…"
}

// backoff is the waiting between tries: doubling, with jitter, so that many errwatches do not come at once.
type backoff struct {
	first, most time.Duration
	tries       int
}

// next returns how long to wait after one more failure.
func (b *backoff) next(f *failure) time.Duration {
	d := min(b.first<<min(b.tries, 20), b.most)
	b.tries++
	d = d/2 + rand.N(d/2+1)
	return max(d, f.after)
}

func (b *backoff) reset() { b.tries = 0 }

// teller logs how sending to one place goes: an error when it is new, and when it works again.
type teller struct {
	logger *slog.Logger
	mu     sync.Mutex
	last   string // the kind of error told last; "" while it works
}

// tell takes the outcome of a try; nil: it worked.
func (t *teller) tell(f *failure) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case f != nil && cmp.Or(f.kind, f.text) != t.last:
		t.last = cmp.Or(f.kind, f.text)
		t.logger.Warn("sending a notification failed", "err", f.text, "given_up", f.final)
	case f == nil && t.last != "":
		t.last = ""
		t.logger.Info("notifications are sent again")
	}
}

// hostOf returns what of an address may be logged.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Host
}

// checkURL says what is wrong with an address, without repeating it.
func checkURL(address string) error {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return errors.New("the address is no http or https URL")
	}
	return nil
}
