package notify

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"
)

// try sends one request to a real server with the client that a receiver would have.
func try(t *testing.T, address string, timeout time.Duration) *failure {
	t.Helper()
	o := Options{Timeout: timeout}
	setDefaults(&o)
	do, err := newDoer(o, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return post(t.Context(), o, do, address, nil, body{[]byte(`{}`), jsonType})
}

func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s.URL
}

func TestAnswersOfRealServers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler http.HandlerFunc
		timeout time.Duration
		want    string // of the failure; "": it worked
		final   bool
		after   time.Duration
	}{
		"accepted": {handler: func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodPost || string(body) != "{}" || r.Header.Get("User-Agent") != "errwatch" {
				w.WriteHeader(http.StatusTeapot)
			}
		}},
		"a hang": {timeout: 20 * time.Millisecond, want: "no answer: timeout", handler: func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // only then the server notices that the client has gone
			<-r.Context().Done()
		}},
		"500": {want: `status 500: broken � here`, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(500)
			fmt.Fprint(w, "broken\n\x1b here ")
		}},
		"429 with seconds": {want: "status 429", after: 7 * time.Second, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(429)
		}},
		"503 with too long a wait": {want: "status 503", after: time.Hour, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999999999")
			w.WriteHeader(503)
		}},
		"400": {want: "status 400: no", final: true, handler: func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(400)
			fmt.Fprint(w, "no")
		}},
		"404 can be put right": {want: "status 404", handler: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }},
		"closed in the middle of a good answer": {handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			fmt.Fprint(w, "half")
		}},
		"closed in the middle of a bad answer": {want: "status 502: half", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "1000")
			w.WriteHeader(502)
			fmt.Fprint(w, "half")
		}},
		"closed without an answer": {want: "no answer: EOF", handler: func(w http.ResponseWriter, _ *http.Request) {
			panic(http.ErrAbortHandler)
		}},
		"an endless answer": {want: "status 500: " + strings.Repeat("x", 197) + "…", handler: func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(500)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, strings.Repeat("x", 1<<16)); err != nil {
					return
				}
			}
		}},
		"turned into GET": {want: "status 302 (it redirects elsewhere: give the final address)", handler: func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodPost {
				w.Header().Set("Location", "/login")
				w.WriteHeader(302)
			}
		}},
		"the same POST elsewhere on the host": {handler: func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/moved" {
				w.Header().Set("Location", "/moved")
				w.WriteHeader(308)
			}
		}},
		"to another host": {want: "status 307 (it redirects elsewhere: give the final address)", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://other.example.com/")
			w.WriteHeader(307)
		}},
		"in a circle": {want: "status 307 (it redirects elsewhere: give the final address)", handler: func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/")
			w.WriteHeader(307)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := try(t, serve(t, c.handler), c.timeout)
			if f == nil {
				f = &failure{}
			}
			if f.text != c.want || f.final != c.final || f.after != c.after {
				t.Errorf("got %+v, want %q", *f, c.want)
			}
		})
	}
}

// TestErrorsNameNoSecret: the address of a webhook is a password.
func TestErrorsNameNoSecret(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	for _, address := range []string{gone.URL + "/T0PS3CRET", "http://user:T0PS3CRET@127.0.0.1:0/", "https://\x7f/T0PS3CRET", "T0PS3CRET"} {
		f := try(t, address, 0)
		if f == nil || strings.Contains(f.text, "T0PS3CRET") {
			t.Errorf("%s: %+v", address, f)
		}
		if err := checkURL(address); err != nil && strings.Contains(err.Error(), "T0PS3CRET") {
			t.Error(err)
		}
		if strings.Contains(hostOf(address), "T0PS3CRET") {
			t.Errorf("%s: %s", address, hostOf(address))
		}
	}
	_, err := New([]Receiver{{Name: "a", Webhook: &Webhook{URL: "hooks.example.com/T0PS3CRET"}}}, Options{})
	if err == nil || strings.Contains(err.Error(), "T0PS3CRET") {
		t.Errorf("%v", err)
	}
}

// TestTheSameErrorHasTheSameText: or a log would have it once for every local port.
func TestTheSameErrorHasTheSameText(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	address := serve(t, func(http.ResponseWriter, *http.Request) { n.Add(1); panic(http.ErrAbortHandler) })
	first, second := try(t, address, 0), try(t, address, 0)
	if first == nil || second == nil || first.text != second.text {
		t.Errorf("%+v, %+v", first, second)
	}
	if n.Load() != 2 {
		t.Errorf("%d requests", n.Load())
	}
}

func TestCancelledRequest(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	o := Options{}
	setDefaults(&o)
	do, _ := newDoer(o, "test", nil)
	if f := post(ctx, o, do, "http://127.0.0.1:1/", nil, body{}); f == nil || f.final {
		t.Errorf("%+v", f)
	}
}

func TestRetryAfter(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 20, 10, 0, 0, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"":                              0,
		"5":                             5 * time.Second,
		"-5":                            0,
		"9223372036854775808":           0,
		"86400":                         time.Hour,
		"soon":                          0,
		"Fri, 20 Nov 2026 10:00:30 GMT": 30 * time.Second,
		"Fri, 20 Nov 2026 09:00:00 GMT": 0,
		"Fri, 20 Nov 2099 09:00:00 GMT": time.Hour,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	b := backoff{first: time.Second, most: time.Minute}
	for i := range 100 {
		most := min(time.Second<<min(i, 10), time.Minute)
		if d := b.next(&failure{}); d < most/2 || d > most {
			t.Errorf("try %d: %s, want %s to %s", i, d, most/2, most)
		}
	}
	if d := b.next(&failure{after: time.Hour}); d != time.Hour {
		t.Errorf("with Retry-After: %s", d)
	}
	b.reset()
	if d := b.next(&failure{}); d > time.Second {
		t.Errorf("after a success: %s", d)
	}
}

func FuzzClean(f *testing.F) {
	f.Add("a\nb\x1b[31m\xff é 😀", 10)
	f.Fuzz(func(t *testing.T, s string, n int) {
		if n < 8 || n > 1<<16 {
			return
		}
		got := clean(s, n)
		if len(got) > n || !utf8.ValidString(got) || strings.ContainsAny(got, "\n\r\t\x1b\x00\x7f") {
			t.Errorf("clean(%q, %d) = %q", s, n, got)
		}
	})
}

func TestHostOf(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"https://hooks.example.com/services/T/B/x?token=y": "hooks.example.com",
		"http://user:pass@am.example.com:9093/":            "am.example.com:9093",
		"::":                                               "",
	} {
		if got := hostOf(in); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
