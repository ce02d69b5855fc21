//go:build linux

package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// exposition is what one scrape has shown: the value of each series.
type exposition map[string]float64

// client gives up soon: whoever is asked may be killed in the middle of its answer.
var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// scrape reads a page of metrics, in OpenMetrics where it can be had: that has the created times.
func scrape(url string) (exposition, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5")
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s: %w", url, resp.Status, err)
	}
	return parseExposition(text)
}

func parseExposition(text []byte) (exposition, error) {
	out := exposition{}
	for line := range bytes.Lines(text) {
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' {
			continue
		}
		i := bytes.LastIndexByte(line, ' ')
		v, err := strconv.ParseFloat(string(line[i+1:]), 64)
		if i < 0 || err != nil {
			return nil, fmt.Errorf("not a sample: %q", line)
		}
		out[string(line[:i])] = v
	}
	return out, nil
}

// byClass picks the counters of one metric by the label code.
func (e exposition) byClass(metric string, classes int) []int64 {
	out := make([]int64, classes)
	for series, v := range e {
		rest, ok := strings.CutPrefix(series, metric+"{")
		if !ok {
			continue
		}
		_, rest, _ = strings.Cut(rest, `code="`)
		text, _, _ := strings.Cut(rest, `"`)
		if code, err := strconv.Atoi(text); err == nil && code >= firstCode && code < firstCode+classes {
			out[code-firstCode] += int64(v)
		}
	}
	return out
}

// sum adds up all series of a metric.
func (e exposition) sum(metric string) (v float64) {
	for series, x := range e {
		if series == metric || strings.HasPrefix(series, metric+"{") {
			v += x
		}
	}
	return v
}

// scraper scrapes errwatch again and again, as Prometheus would, but more often, and holds it to what Prometheus must
// never see: a counter that goes down or away, a created time that changes.
type scraper struct {
	url  string
	stop chan struct{}
	done sync.WaitGroup

	mu     sync.Mutex
	last   exposition
	known  exposition // the highest value, or the created time, of each series that was ever shown
	count  int        // answered scrapes
	broken []string
}

func startScraper(url string, every time.Duration) *scraper {
	s := &scraper{url: url, stop: make(chan struct{}), known: exposition{}}
	s.done.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-s.stop:
				return
			case <-tick.C:
				s.once()
			}
		}
	})
	return s
}

// once scrapes. While errwatch is down there is nothing to see.
func (s *scraper) once() {
	e, err := scrape(s.url)
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = e
	s.count++
	for series, was := range s.known {
		now, ok := e[series]
		switch {
		case !ok:
			s.breach("%s was %v and is gone", series, was)
		case now < was:
			s.breach("%s went from %v down to %v", series, was, now)
		case isCreated(series) && now != was:
			s.breach("%s changed from %v to %v", series, was, now)
		}
	}
	for series, v := range e {
		if lasting(series) {
			s.known[series] = v
		}
	}
}

func (s *scraper) breach(format string, args ...any) {
	if len(s.broken) < 20 {
		s.broken = append(s.broken, fmt.Sprintf(format, args...))
	}
}

// lasting says that a series must survive everything. What the process counts about itself, and what it has sent, begins
// anew with each process, as in every program.
func lasting(series string) bool {
	name, _, _ := strings.Cut(series, "{")
	return strings.HasPrefix(name, "errwatch_") && !strings.HasPrefix(name, "errwatch_notifications") &&
		(strings.HasSuffix(name, "_total") || isCreated(name))
}

func isCreated(series string) bool {
	name, _, _ := strings.Cut(series, "{")
	return strings.HasSuffix(name, "_created")
}

// end stops scraping and says what was wrong.
func (s *scraper) end() (scrapes int, err error) {
	close(s.stop)
	s.done.Wait()
	if len(s.broken) == 0 {
		return s.count, nil
	}
	slices.Sort(s.broken)
	return s.count, fmt.Errorf("scrapes saw what Prometheus must not see:\n  %s", strings.Join(s.broken, "\n  "))
}
