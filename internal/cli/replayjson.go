package cli

import (
	"io"

	"github.com/errwatch/errwatch/internal/app"
)

type replayJSON struct {
	From     *string           `json:"from"` // null where no line has a time
	To       *string           `json:"to"`
	Alerts   []replayAlertJSON `json:"alerts"`
	LeftOut  int               `json:"alerts_left_out"` // fired, too, but only counted
	Rules    []replayRuleJSON  `json:"rules"`
	Lines    int64             `json:"lines"`
	Bytes    int64             `json:"bytes"`
	Files    int               `json:"files"`
	Skipped  map[string]int64  `json:"skipped"`
	Timeless int64             `json:"events_without_time"` // no rule saw them
	Failed   []scanFailureJSON `json:"failed"`
}

type replayAlertJSON struct {
	ID              string                 `json:"id"`
	Rule            string                 `json:"rule"`
	State           string                 `json:"state"` // at the end of the logs
	Labels          map[string]string      `json:"labels"`
	ActiveAt        string                 `json:"active_at"`
	StartsAt        string                 `json:"starts_at"`
	EndsAt          *string                `json:"ends_at"` // null where it still fires at the end
	Peak            float64                `json:"peak"`
	Threshold       float64                `json:"threshold"`
	Summary         string                 `json:"summary,omitempty"`
	People          int64                  `json:"people,omitempty"`          // different ones; left out where no line names any
	Meetings        int64                  `json:"meetings,omitempty"`        // the same
	PeopleAtLeast   bool                   `json:"people_at_least,omitempty"` // there may have been more
	MeetingsAtLeast bool                   `json:"meetings_at_least,omitempty"`
	SeenBefore      int64                  `json:"seen_before,omitempty"` // how often an alert of the same labels fired before in these logs
	Codes           []countJSON            `json:"codes"`
	Top             map[string][]countJSON `json:"top"`
	Lines           []string               `json:"lines"`
	FirstSeen       *string                `json:"first_seen"`
	LastSeen        *string                `json:"last_seen"`
}

type countJSON struct {
	Value string `json:"value"`
	Count int64  `json:"count"`
}

type replayRuleJSON struct {
	Rule       string          `json:"rule"`
	Severity   string          `json:"severity"`
	Fired      int             `json:"fired"`
	Values     *valuesJSON     `json:"values"`                           // null where the condition has none
	Factors    bool            `json:"thresholds_are_factors,omitempty"` // of what is usual
	Seconds    bool            `json:"thresholds_are_seconds,omitempty"` // of silence
	Thresholds []thresholdJSON `json:"thresholds"`
}

type valuesJSON struct {
	P50     float64 `json:"p50"`
	P90     float64 `json:"p90"`
	P99     float64 `json:"p99"`
	Max     float64 `json:"max"`
	Samples int64   `json:"samples"`
	Step    float64 `json:"step_seconds"` // one sample for each so long
	Rounded bool    `json:"rounded,omitempty"`
}

type thresholdJSON struct {
	Threshold  float64 `json:"threshold"`
	Fired      int     `json:"fired"`
	Configured bool    `json:"configured,omitempty"`
}

func writeReplayJSON(w io.Writer, r *app.ReplayResult) error {
	out := replayJSON{
		From: stampOrNull(r.From), To: stampOrNull(r.To), Alerts: []replayAlertJSON{}, LeftOut: r.More, Rules: []replayRuleJSON{},
		Lines: r.Scan.Lines, Bytes: r.Scan.Bytes, Files: r.Scan.Files, Skipped: r.Scan.Skipped,
		Timeless: r.Scan.Timeless + r.Scan.Undated, Failed: []scanFailureJSON{},
	}
	for i := range r.Alerts {
		out.Alerts = append(out.Alerts, alertJSON(&r.Alerts[i]))
	}
	for i := range r.Rules {
		out.Rules = append(out.Rules, ruleJSON(&r.Rules[i]))
	}
	for _, f := range r.Scan.Failed {
		out.Failed = append(out.Failed, scanFailureJSON{f.Path, f.Err.Error()})
	}
	return writeJSON(w, out)
}

func alertJSON(a *app.Alert) replayAlertJSON {
	out := replayAlertJSON{
		ID: a.ID, Rule: a.Rule, State: string(a.State), Labels: a.Labels.Map(),
		ActiveAt: stamp(a.ActiveAt), StartsAt: stamp(a.StartsAt), EndsAt: stampOrNull(a.EndsAt),
		Peak: a.Peak, Threshold: a.Threshold, Summary: a.Summary,
		People: a.Evidence.People.N, Meetings: a.Evidence.Meetings.N,
		PeopleAtLeast: a.Evidence.People.AtLeast, MeetingsAtLeast: a.Evidence.Meetings.AtLeast,
		SeenBefore: a.Evidence.Before.Times,
		Codes:      countsJSON(a.Evidence.Codes), Top: map[string][]countJSON{}, Lines: append([]string{}, a.Evidence.Samples...),
		FirstSeen: stampOrNull(a.Evidence.First), LastSeen: stampOrNull(a.Evidence.Last),
	}
	for field, counts := range a.Evidence.Top {
		out.Top[field] = countsJSON(counts)
	}
	return out
}

func countsJSON(counts []app.Count) []countJSON {
	out := make([]countJSON, len(counts))
	for i, c := range counts {
		out[i] = countJSON{c.Value, c.N}
	}
	return out
}

func ruleJSON(r *app.RuleReplay) replayRuleJSON {
	out := replayRuleJSON{Rule: r.Name, Severity: r.Severity, Fired: r.Fired, Factors: r.Factors, Seconds: r.Seconds, Thresholds: []thresholdJSON{}}
	if d := r.Values; d != nil {
		out.Values = &valuesJSON{d.P50, d.P90, d.P99, d.Max, d.Steps, d.Step.Seconds(), d.Rounded}
	}
	for _, t := range r.Thresholds {
		out.Thresholds = append(out.Thresholds, thresholdJSON{t.Value, t.Fired, t.Configured})
	}
	return out
}
