package notify

import (
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	commoncfg "github.com/prometheus/common/config"

	"github.com/errwatch/errwatch/internal/alert"
)

// One alert that an Alertmanager does not take costs no other alert; neither does a proxy that bounds requests.
func TestRefusedBatchIsHalved(t *testing.T) {
	t.Parallel()
	for name, refuses := range map[string]func(body string) int{
		"an alert it does not like": func(body string) int {
			if strings.Contains(body, `"s077"`) {
				return http.StatusBadRequest
			}
			return http.StatusOK
		},
		"a bound on requests": func(body string) int {
			if len(body) > 20_000 {
				return http.StatusRequestEntityTooLarge
			}
			return http.StatusOK
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var mu sync.Mutex
				heard := map[string]bool{}
				do := func(req *http.Request) (*http.Response, error) {
					text, _ := io.ReadAll(req.Body)
					if code := refuses(string(text)); code != http.StatusOK {
						return status(code), nil
					}
					mu.Lock()
					defer mu.Unlock()
					for _, p := range decode[[]postableAlert](t, request{body: text}) {
						heard[p.Labels["source"]] = true
					}
					return status(200), nil
				}
				g := newRig(t, Options{Do: do}, am("http://a.example.com")).start()
				defer g.stop()
				var all []alert.Alert
				for i := range 200 {
					all = append(all, firing(fmt.Sprintf("a%03d", i), "source", fmt.Sprintf("s%03d", i)))
				}
				g.commit(all...)
				pass(time.Second)
				mu.Lock()
				defer mu.Unlock()
				want := 200
				if name == "an alert it does not like" {
					want = 199
				}
				if s := g.Stats()[0]; len(heard) != want || s.Sent != int64(want) || s.Dropped != int64(200-want) || s.Queue != 0 {
					t.Errorf("%d alerts arrived, %+v", len(heard), s)
				}
			})
		})
	}
}

// An instance that goes down in the middle of a halved batch loses nothing.
func TestDownWhileHalving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := receiver{}
		r.answer = func(_ *http.Request, n int) (*http.Response, error) {
			switch {
			case n == 1:
				return status(400), nil
			case n <= 4:
				return nil, errDown
			}
			return status(200), nil
		}
		g := newRig(t, Options{Do: r.do}, am("http://a.example.com")).start()
		defer g.stop()
		g.commit(firing("a", "source", "a"), firing("b", "source", "b"), firing("c", "source", "c"))
		pass(30 * time.Second)
		var heard []string
		for _, q := range r.take() {
			for _, p := range decode[[]postableAlert](t, q) {
				heard = append(heard, p.Labels["source"])
			}
		}
		slices.Sort(heard)
		if s := g.Stats()[0]; !slices.Equal(heard, []string{"a", "b", "c"}) || s.Dropped != 0 || s.Queue != 0 {
			t.Errorf("%v, %+v", heard, s)
		}
	})
}

// While a name cannot be looked up for the first time, an alert does not wait for a minute.
func TestFirstLookupFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r receiver
		dns := &names{err: errors.New("no such host")}
		g := newRig(t, Options{Do: r.do, Resolver: dns}, Receiver{Name: "am", Alertmanager: &Alertmanager{DNS: "am.example.com:9093"}}).start()
		defer g.stop()
		g.commit(firing("a"))
		pass(5 * time.Second)
		if s := g.Stats()[0]; s.Failed < 2 || s.Failed > 10 || s.Sent != 0 {
			t.Errorf("%+v", s)
		}
		dns.set([]string{"10.0.0.1"}, nil)
		pass(10 * time.Second)
		if got := r.take(); len(got) != 1 || g.Stats()[0].Sent != 1 {
			t.Errorf("%d requests, %+v", len(got), g.Stats()[0])
		}
		pass(time.Minute)
		if got := r.take(); len(got) != 1 {
			t.Errorf("%d requests in another minute, want 1", len(got))
		}
	})
}

// The settings of HTTP clients are Prometheus's: an own authority, and a token that is read from a file.
func TestTLSAndAuthorization(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var got []string
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		got = append(got, r.Method+" "+r.URL.Path+" "+r.Header.Get("Authorization")+" "+r.Header.Get("Content-Type"))
	}))
	s.Config.ErrorLog = log.New(io.Discard, "", 0) // the receiver without the authority makes it speak
	s.StartTLS()
	t.Cleanup(s.Close)
	dir := t.TempDir()
	ca, token := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "token")
	for file, text := range map[string]string{
		ca: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})), token: "T0KEN\n",
	} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg := commoncfg.DefaultHTTPClientConfig
	cfg.TLSConfig.CAFile = ca
	cfg.Authorization = &commoncfg.Authorization{Type: "Bearer", CredentialsFile: token}
	to, hook := am(s.URL), Receiver{Name: "hook", Webhook: &Webhook{URL: s.URL + "/hook"}, HTTP: &cfg}
	to.HTTP = &cfg
	without := am(s.URL)
	without.Name = "without"
	g := newRig(t, Options{}, to, hook, without).start()
	defer g.stop()
	g.commit(firing("a"))
	for {
		changed := g.progress.wait()
		if s := g.Stats(); s[0].Sent == 1 && s[1].Sent == 1 && s[2].Failed > 0 {
			break
		}
		<-changed
	}
	mu.Lock()
	defer mu.Unlock()
	slices.Sort(got)
	if want := []string{"POST /api/v2/alerts Bearer T0KEN application/json", "POST /hook Bearer T0KEN application/json"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}
