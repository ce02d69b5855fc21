package app

import (
	"context"
	"io"
	"time"

	"github.com/errwatch/errwatch/internal/alert"
)

// ReplayOptions say which old logs are judged.
type ReplayOptions struct {
	Paths        []string // files, folders, globs; "-" is Stdin
	Stdin        io.Reader
	Since, Until time.Time // only what happened in [Since, Until); zero: no limit
	Workers      int       // files read side by side
	Progress     *Progress // may be nil
	Now          func() time.Time
}

// Alert is one alert with its evidence.
type Alert = alert.Alert

// OnAbsent is the condition of an alert whose value is how many seconds nothing came.
const OnAbsent = alert.OnAbsent

// Count is a value and how often it was seen.
type Count = alert.Count

// Distinct is how many different values were seen.
type Distinct = alert.Distinct

// ReplayResult is what the rules would have done.
type ReplayResult struct {
	Scan     *ScanResult
	From, To time.Time // the times of the first and of the last line; zero where no line has a time
	Alerts   []Alert   // those that would have fired, by start; EndsAt is zero where one still fires at the end
	More     int       // alerts that fired and are not among them: more than 10,000 are only counted
	Rules    []RuleReplay
}

// RuleReplay is what one rule would have done, and what it would have done with other thresholds.
type RuleReplay struct {
	Name       string
	Severity   string
	Fired      int           // how often
	Values     *Distribution // nil where the condition has no value to choose a threshold by
	Factors    bool          // the thresholds are factors of what is usual; else they are values
	Seconds    bool          // the thresholds are how long it must be silent, in seconds
	Thresholds []Threshold   // ascending, the configured one among them; none where the condition has no threshold
}

// Threshold is a threshold and how often the rule would have fired with it, all else being equal. ResolveAt keeps its
// distance in proportion.
type Threshold struct {
	Value      float64
	Fired      int
	Configured bool
}

// Replay runs old logs through the rules, on the time of their lines: the same engine as the daemon's. A file that cannot
// be read never stops the others. The error is ctx's.
func (p *Plan) Replay(ctx context.Context, o ReplayOptions) (*ReplayResult, error) {
	t, err := p.newTrial(true)
	if err != nil {
		return nil, err
	}
	g, err := p.newGauges()
	if err != nil {
		return nil, err
	}
	out := &ReplayResult{}
	scan, err := p.scan(ctx, ScanOptions{
		Paths: o.Paths, Stdin: o.Stdin, Since: o.Since, Until: o.Until, Workers: o.Workers, Progress: o.Progress, Now: o.Now,
	}, true, func(it *item) {
		if out.From.IsZero() {
			out.From = it.Time
		}
		t.take(it)
		g.take(it, t.now)
	})
	if err != nil {
		return nil, err
	}
	out.Scan, out.To = scan, t.now
	g.finish(t.now)
	out.Alerts, out.More = t.fired(), t.more
	for i, r := range p.judging() {
		x := RuleReplay{Name: r.Name, Severity: r.Severity, Fired: t.counts[r.Name]}
		g.report(i, &r, &x)
		out.Rules = append(out.Rules, x)
	}
	return out, nil
}
