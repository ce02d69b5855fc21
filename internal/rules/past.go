package rules

import (
	"fmt"
	"slices"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
	"github.com/errwatch/errwatch/internal/store"
)

const (
	// seenBefore is how far back an alert tells how often it fired before.
	seenBefore = 30 * 24 * time.Hour
	// maxPast bounds the starts that are remembered for that; past it the oldest go, and "since when" becomes later.
	maxPast = 20_000
)

// began is when an alert began to fire.
type began struct {
	labels valueKey // of its rule and labels
	at     int64
}

// past is what is remembered of when alerts began to fire.
type past struct {
	starts []began
	since  int64 // from when on it is complete
	times  map[valueKey][]int64
}

func newPast() *past { return &past{times: map[valueKey][]int64{}} }

func (p *past) add(b began) {
	p.starts = append(p.starts, b)
	p.times[b.labels] = append(p.times[b.labels], b.at)
	for len(p.starts) > maxPast || p.starts[0].at <= b.at-int64(seenBefore) {
		p.forgetFirst()
	}
}

func (p *past) forgetFirst() {
	first := p.starts[0]
	p.starts = p.starts[1:]
	p.since = max(p.since, first.at+1)
	times := p.times[first.labels]
	times = slices.Delete(times, 0, 1)
	p.times[first.labels] = times
	if len(times) == 0 {
		delete(p.times, first.labels)
	}
}

// before tells how often these labels began to fire before a start; born is when anything was seen first.
func (p *past) before(labels valueKey, start, born int64) alert.Before {
	since := max(p.since, born, start-int64(seenBefore))
	out := alert.Before{Since: timeOf(since)}
	for _, t := range p.times[labels] {
		if since <= t && t < start {
			out.Times++
		}
	}
	return out
}

// identity stands for the labels of a group's alerts, whatever their start.
func (g *group) identity() valueKey {
	return valueKey(identityOf(&alert.Alert{Rule: g.rule.Name, Labels: g.labelSet()}))
}

// readPast reads when alerts began to fire in the last 30 days.
func (s *saved) readPast(tx *store.Tx, now time.Time) error {
	rows, err := tx.Query(`SELECT labels, started FROM alerts WHERE started > ? ORDER BY started DESC LIMIT ?`,
		nanos(now.Add(-seenBefore)), maxPast)
	if err != nil {
		return fmt.Errorf("read when alerts began: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var labels []byte
		var b began
		if err := rows.Scan(&labels, &b.at); err != nil {
			return fmt.Errorf("read when alerts began: %w", err)
		}
		if copy(b.labels[:], labels) == len(b.labels) {
			s.past = append(s.past, b)
		}
	}
	slices.Reverse(s.past)
	return rows.Err()
}
