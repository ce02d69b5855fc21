package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ask requests a page of a base address.
func ask(t *testing.T, c *http.Client, method, url string, change ...func(*http.Request)) (status int, body string) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(req)
	}
	body, status = do(t, c, req)
	return status, body
}

// The address for Prometheus serves metrics and probes; the page's address serves all.
func TestMetricsListen(t *testing.T) {
	t.Parallel()
	r := newBareRig(t)
	r.configureAll(`
server: {listen: "127.0.0.1:0", metrics_listen: "127.0.0.1:0"}
sources: [{name: meeting, paths: ["DIR/*.log"]}]
`)
	r.start()
	second := "http://" + r.d.servers[1].Addr().String()
	for _, tt := range []struct {
		method, path string
		page, other  int
	}{
		{"GET", "/metrics", 200, 200},
		{"GET", "/-/healthy", 200, 200},
		{"GET", "/-/ready", 200, 200},
		{"GET", "/", 200, 404},
		{"GET", "/api/v1/status", 200, 404},
		{"GET", "/api/v1/alerts", 200, 404},
		{"GET", "/static/style.css", 200, 404},
		{"GET", "/-/reload", 405, 404},
		{"POST", "/-/reload", 200, 404},
		{"GET", "/debug/pprof/", 404, 404},
		{"GET", "/static/../config.yaml", 404, 404},
		{"POST", "/metrics", 405, 405},
	} {
		if status, _ := ask(t, http.DefaultClient, tt.method, r.url+tt.path); status != tt.page {
			t.Errorf("%s %s: %d, want %d", tt.method, tt.path, status, tt.page)
		}
		if status, _ := ask(t, http.DefaultClient, tt.method, second+tt.path); status != tt.other {
			t.Errorf("%s %s at metrics_listen: %d, want %d", tt.method, tt.path, status, tt.other)
		}
	}
	other := func(req *http.Request) { req.Header.Set("Sec-Fetch-Site", "cross-site") }
	if status, _ := ask(t, http.DefaultClient, "POST", r.url+"/-/reload", other); status != http.StatusForbidden {
		t.Errorf("a reload by a page of another site: %d, want 403", status)
	}
}

// selfSigned writes a certificate for 127.0.0.1 and its key into the folder of the rig.
func (r *rig) selfSigned() *x509.CertPool {
	r.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		r.t.Fatal(err)
	}
	cert := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "errwatch test"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		r.t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		r.t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	r.write("cert.pem", string(text))
	r.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(text)
	return pool
}

// With web_config_file both addresses speak TLS and ask for the password.
func TestTLSAndPassword(t *testing.T) {
	t.Parallel()
	r := newBareRig(t)
	pool := r.selfSigned()
	// The password is "secret"; a low cost keeps the test quick.
	r.write("web.yaml", `
tls_server_config: {cert_file: cert.pem, key_file: key.pem}
basic_auth_users: {ops: "$2a$04$Yk3AGPrXNpQj.9uJeLQrV.CcUYxpeBt93URWs5zqLFzeA1Toq9hIe"}
`)
	r.configureAll(`
server: {listen: "127.0.0.1:0", metrics_listen: "127.0.0.1:0", web_config_file: "DIR/web.yaml"}
sources: [{name: meeting, paths: ["DIR/*.log"]}]
`)
	r.start()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	t.Cleanup(transport.CloseIdleConnections)
	c := &http.Client{Transport: transport}
	password := func(p string) func(*http.Request) {
		return func(req *http.Request) { req.SetBasicAuth("ops", p) }
	}
	for _, s := range r.d.servers {
		url := "https://" + s.Addr().String()
		for _, path := range []string{"/metrics", "/-/healthy", "/"} {
			if status, body := ask(t, c, "GET", url+path); status != http.StatusUnauthorized || strings.Contains(body, "errwatch_") {
				t.Errorf("%s without a password: %d, want 401", path, status)
			}
		}
		if status, _ := ask(t, c, "GET", url+"/metrics", password("secrets")); status != http.StatusUnauthorized {
			t.Errorf("a wrong password: %d, want 401", status)
		}
		if status, body := ask(t, c, "GET", url+"/metrics", password("secret")); status != http.StatusOK || !strings.Contains(body, "errwatch_build_info") {
			t.Errorf("the right password: %d, want 200 and the metrics", status)
		}
		if status, _ := ask(t, http.DefaultClient, "GET", "http://"+s.Addr().String()+"/metrics", password("secret")); status != http.StatusBadRequest {
			t.Errorf("without TLS: %d, want 400", status)
		}
	}
}

// All that the page links to is there.
func TestLinksLead(t *testing.T) {
	t.Parallel()
	r := newRig(t, fmt.Sprintf(spikeRule, 2))
	r.write("a.log", denials(3))
	r.start()
	r.until("the alert fires", func() bool { return len(r.d.Totals().Alerts) == 1 })
	seen, todo := map[string]bool{"/": true}, []string{"/"}
	links := regexp.MustCompile(`(?:href|src)="([^"]*)"`)
	for len(todo) > 0 {
		path := todo[0]
		todo = todo[1:]
		status, body := r.fetch(path)
		if status != http.StatusOK {
			t.Errorf("%s: %d, want 200", path, status)
		}
		for _, m := range links.FindAllStringSubmatch(body, -1) {
			if link := m[1]; !seen[link] && strings.HasPrefix(link, "/") {
				seen[link] = true
				todo = append(todo, link)
			}
		}
	}
	id := r.d.Totals().Alerts[0].ID
	for _, want := range []string{"/metrics", "/api/v1/status", "/alerts/" + id} {
		if !seen[want] {
			t.Errorf("no link leads to %s: %v", want, seen)
		}
	}
	if status, _ := r.fetch("/alerts/nothing"); status != http.StatusNotFound {
		t.Errorf("an alert that never was: %d, want 404", status)
	}
}

// SIGHUP reloads.
func TestReloadBySignal(t *testing.T) {
	t.Parallel()
	r := newRig(t, fmt.Sprintf(spikeRule, 2))
	signals := make(chan os.Signal, 1)
	r.reload = signals
	r.start()
	r.configure("rules: []\n")
	signals <- syscall.SIGHUP
	r.until("the new configuration is in force", func() bool { return len((view{r.d}).Rules()) == 0 })
	r.configure("rules: [{}]\n")
	signals <- syscall.SIGHUP
	r.until("the bad one is told of", func() bool {
		r.write("a.log", "x\n")
		return r.metrics()["errwatch_config_last_reload_successful"] == "0"
	})
	if said := r.log.lines("level=ERROR", "the new configuration is not in force"); len(said) != 1 {
		t.Errorf("the log says %q, want once that the old configuration stays", said)
	}
}

// A port that is taken ends the start, before anything is read.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for _, key := range []string{"listen", "metrics_listen"} {
		r := newBareRig(t)
		r.configureAll(strings.Replace("server: {listen: \"127.0.0.1:0\", metrics_listen: \"127.0.0.1:0\"}\nsources: [{name: a, paths: [\"DIR/*.log\"]}]\n",
			key+": \"127.0.0.1:0\"", fmt.Sprintf("%s: %q", key, l.Addr()), 1))
		r.write("a.log", denials(1))
		if err := New(r.options()).Run(t.Context()); err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
			t.Errorf("%s: %v, want an error that names the address", key, err)
		}
		state, err := ReadState(t.Context(), filepath.Join(r.dir, "state"))
		if err != nil || len(state.Files) > 0 {
			t.Errorf("%s: the state after it: %+v, %v; want that nothing was read", key, state, err)
		}
	}
}
