package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	commoncfg "github.com/prometheus/common/config"
)

const (
	lookupTimeout = 5 * time.Second
	// maxInstances bounds what a DNS answer can make errwatch do.
	maxInstances = 64
)

// lookup finds the instances behind a DNS name. Only the goroutine of its receiver uses it.
type lookup struct {
	resolver Resolver
	scheme   string
	host     string
	port     string // of A and AAAA records; SRV records have their own
	srv      bool
	last     []string // what the last look-up that worked has brought
	teller   teller
	wait     backoff // between look-ups that fail while nothing is known
}

func newLookup(r Resolver, name string, cfg *commoncfg.HTTPClientConfig) (*lookup, error) {
	l := &lookup{resolver: r, scheme: "http", host: name, srv: strings.HasPrefix(name, "_"), wait: backoff{first: time.Second, most: 30 * time.Second}}
	if cfg != nil && cfg.TLSConfig != (commoncfg.TLSConfig{}) {
		l.scheme = "https"
	}
	host, port, err := net.SplitHostPort(name)
	switch {
	case err == nil && host != "" && port != "":
		l.host, l.port = host, port
	case !l.srv:
		return nil, errors.New("alertmanager: dns needs a host and a port, as in alertmanager.monitoring.svc:9093")
	}
	return l, nil
}

// http returns the HTTP settings for addresses found by DNS: their certificates are for the name, not for the address.
func (l *lookup) http(cfg *commoncfg.HTTPClientConfig) *commoncfg.HTTPClientConfig {
	if cfg == nil || l.scheme != "https" || cfg.TLSConfig.ServerName != "" || l.srv {
		return cfg
	}
	c := *cfg
	c.TLSConfig.ServerName = l.host
	return &c
}

// addresses looks the name up, now.
func (l *lookup) addresses(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	hostPorts, err := l.hostPorts(ctx)
	if err != nil {
		return nil, err
	}
	slices.Sort(hostPorts)
	hostPorts = slices.Compact(hostPorts)
	var out []string
	for _, hp := range hostPorts[:min(len(hostPorts), maxInstances)] {
		out = append(out, l.scheme+"://"+hp+apiPath)
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("look-up of %s: no address", l.host)
	}
	return out, nil
}

func (l *lookup) hostPorts(ctx context.Context) (out []string, err error) {
	if !l.srv {
		hosts, err := l.resolver.LookupHost(ctx, l.host)
		for _, h := range hosts {
			out = append(out, net.JoinHostPort(h, l.port))
		}
		return out, err
	}
	_, records, err := l.resolver.LookupSRV(ctx, "", "", l.host)
	for _, r := range records {
		out = append(out, net.JoinHostPort(strings.TrimSuffix(r.Target, "."), strconv.Itoa(int(r.Port))))
	}
	return out, err
}
