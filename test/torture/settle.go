//go:build linux

package main

import (
	"fmt"
	"time"
)

// counted is how many events the newest scrape shows; -1 while there is none.
func (p *storm) counted() int64 {
	e, err := scrape(p.d.url())
	if err != nil {
		return -1
	}
	return total(e.byClass(eventsTotal, stormClasses))
}

func total(counts []int64) (n int64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// settle lets the writer rest and errwatch come to an end, and compares: once it has read everything, and once more
// after an orderly stop and a start, which must count nothing again.
func (p *storm) settle() (account, error) {
	a, err := p.w.order(order{Do: "hold"})
	if err != nil {
		return a, err
	}
	if err := p.compare(a); err != nil {
		return a, err
	}
	if err := p.d.term(); err != nil {
		return a, fmt.Errorf("the orderly end: %w", err)
	}
	if err := p.d.start(); err != nil {
		return a, err
	}
	if err := p.compare(a); err != nil {
		return a, fmt.Errorf("after an orderly stop and a start: %w", err)
	}
	return a, nil
}

// compare waits until what is counted agrees with what was written.
func (p *storm) compare(a account) error {
	floor := a.Counts
	if !p.c.kinds[0].exact() {
		var err error
		if floor, err = survivors(p.logs, stormClasses); err != nil {
			return err
		}
	}
	if err := p.d.caughtUp(2 * time.Minute); err != nil {
		return err
	}
	var got []int64
	var e exposition
	err := eventually("errwatch has counted all", time.Minute, func() (bool, error) {
		var err error
		if e, err = scrape(p.d.url()); err != nil {
			return false, nil
		}
		got = e.byClass(eventsTotal, stormClasses)
		over, _ := differences(a.Counts, got)
		_, under := differences(floor, got)
		return over == 0 && under == 0 && e.sum("errwatch_source_lag_bytes") == 0, nil
	})
	if err == nil {
		return p.compareRest(a, e, total(a.Counts)-total(got))
	}
	over, _ := differences(a.Counts, got)
	_, under := differences(floor, got)
	return fmt.Errorf("%w: of %d lines %d were counted twice, %d lost though they could have been read (%d bytes still to be read)",
		err, a.Lines, over, under, int64(e.sum("errwatch_source_lag_bytes")))
}

// compareRest looks at what errwatch says beside the events.
func (p *storm) compareRest(a account, e exposition, missing int64) error {
	lost, lines := int64(e.sum("errwatch_lost_bytes_total")), int64(e.sum("errwatch_lines_total"))
	if p.c.kinds[0].exact() && (lost != 0 || lines != a.Lines+a.Other) {
		return fmt.Errorf("%d lines and %d lost bytes are reported, want %d and 0", lines, lost, a.Lines+a.Other)
	}
	const longest = 300 // bytes of a line
	if lost > (missing+int64(p.turns))*longest {
		return fmt.Errorf("%d bytes are said to be lost, but only %d lines are missing", lost, missing)
	}
	return nil
}

// differences compares two counts by class: how many are too many, and how many are missing.
func differences(want, got []int64) (over, under int64) {
	for i := range want {
		if d := got[i] - want[i]; d > 0 {
			over += d
		} else {
			under -= d
		}
	}
	return over, under
}
