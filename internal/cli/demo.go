package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/errwatch/errwatch/internal/app"
	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/sim"
)

// The demo's server lives fast, so that a person sees rotations and whole alerts within a minute or two.
const (
	demoRate      = 400 // lines per second
	demoRotate    = 20 * time.Second
	demoFirst     = 4 * time.Second
	demoIncidents = 35 * time.Second
	demoIncident  = 12 * time.Second
	demoWindow    = 10 * time.Second
)

type demoFlags struct {
	listen string
	lasts  time.Duration
	seed   uint64
}

func newDemo(w World, v *voice) *cobra.Command {
	var f demoFlags
	c := &cobra.Command{
		Use:   "demo",
		Short: "a simulated meeting server, and errwatch on it",
		Long: `Starts a simulated meeting server that writes and rotates logs in a temporary folder and has an incident now and then,
and errwatch on it. Prints a line a second, and alerts as they fire and resolve. Ctrl-C ends it and removes the folder.`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error { return demo(c.Context(), w, v, f) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:9977", "`ADDRESS` of the page; where it is taken, any free port")
	c.Flags().DurationVar(&f.lasts, "for", 0, "end after this `TIME`; else at Ctrl-C")
	c.Flags().Uint64Var(&f.seed, "seed", 0, "the same `NUMBER` makes the same meetings and people; else the time")
	completeFlag(c, "listen", nothingToComplete)
	c.ValidArgsFunction = nothingToComplete
	return c
}

func demo(ctx context.Context, w World, v *voice, f demoFlags) error {
	if f.lasts < 0 {
		return usage(fmt.Errorf("--for %s is below 0", f.lasts), "")
	}
	if _, _, err := net.SplitHostPort(f.listen); err != nil {
		return usage(fmt.Errorf("--listen %q is no address", f.listen), "an address is host:port, as in 127.0.0.1:9977 or :9977")
	}
	if f.seed == 0 {
		f.seed = uint64(time.Now().UnixNano())
	}
	if f.lasts > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.lasts)
		defer cancel()
	}
	dir, err := os.MkdirTemp("", "errwatch-demo-")
	if err != nil {
		return failed(err, "")
	}
	defer os.RemoveAll(dir)
	server, err := sim.NewServer(sim.Config{
		Dir: dir, Seed: f.seed, LinesPerSecond: demoRate, RotateEvery: demoRotate, Keep: 3,
		FirstIncident: demoFirst, IncidentEvery: demoIncidents, IncidentFor: demoIncident,
	})
	if err != nil {
		return failed(err, "")
	}
	cfg := demoConfig(w, dir, f.listen)
	listening := make(chan net.Addr, 1)
	o := daemonOptions(w, v, cfg)
	o.Load = func() (*config.Config, []config.Problem) { return cfg, nil }
	o.Listening = func(a net.Addr) { listening <- a }
	o.Logger = slog.New(slog.NewTextHandler(v.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return runDemo(ctx, v, server, app.New(o), dir, listening)
}

// runDemo runs server and daemon side by side until ctx ends. The server ends first, so that the daemon can read to
// the end and the last line can say whether it counted exactly what was written.
func runDemo(ctx context.Context, v *voice, server *sim.Server, d *app.Daemon, dir string, listening <-chan net.Addr) error {
	daemonCtx, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- d.Run(daemonCtx) }()
	var page net.Addr
	select {
	case page = <-listening:
	case err := <-ended:
		return explainRun(err)
	}
	v.sayf("a simulated meeting server, errwatch on it; Ctrl-C ends")
	v.sayf("log      %s", filepath.Join(dir, "meeting.log"))
	v.tellPage(page)
	v.sayf("")

	serverEnded := make(chan error, 1)
	go func() { serverEnded <- server.Run(ctx) }()
	show := &demoScreen{v: v, server: server, daemon: d, alerts: map[string]bool{}}
	show.run(ctx)
	if err := <-serverEnded; err != nil && ctx.Err() == nil {
		return failed(err, "")
	}
	_ = server.Close() // the folder goes with it
	stop()
	if err := <-ended; err != nil {
		return explainRun(err)
	}
	return show.last()
}

// demoConfig watches the folder with the built-in patterns and rules, over windows short enough to watch.
func demoConfig(w World, dir, listen string) *config.Config {
	cfg, _ := config.Load(config.LoadOptions{SystemPath: filepath.Join(dir, "none.yaml")}) // the built-in one
	s := config.NewSource("meeting", filepath.Join(dir, "*.log"))
	s.Catalog = cfg.Catalog
	cfg.Sources = []config.Source{s}
	cfg.State.Dir = filepath.Join(dir, "state")
	cfg.Server.Listen = freeOr(listen)
	cfg.Alerts.Watchdog = false // nobody waits for it to stay away
	for _, name := range []string{"VideoPermissionDenialSpike", "MeetingsFull", "AuthSpike"} {
		cfg.Rules = append(cfg.Rules, config.Rule{
			Name: name, Enabled: true, Window: demoWindow, KeepFiringFor: 0, Keys: []string{"window", "keep_firing_for"},
		})
	}
	// The server is small: when one meeting is full, that is its incident.
	cfg.Rules = append(cfg.Rules, config.Rule{
		Name: "MeetingsFull", Enabled: true, Distinct: &config.Distinct{Of: "meeting", Above: new(int64(0))}, Keys: []string{"distinct"},
	})
	return cfg
}

// freeOr returns the address if it is free, else any free port of the same host.
func freeOr(address string) string {
	l, err := net.Listen("tcp", address)
	if err == nil {
		l.Close()
		return address
	}
	host, _, _ := net.SplitHostPort(address) // has been checked
	return net.JoinHostPort(host, "0")
}

// demoScreen prints a line a second, and alerts.
type demoScreen struct {
	v      *voice
	server *sim.Server
	daemon *app.Daemon
	alerts map[string]bool // ID -> it was told that it resolved
	lines  int64

	incident sim.Incident
}

func (s *demoScreen) run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			s.second()
		}
	}
}

func (s *demoScreen) second() {
	t := s.daemon.Totals()
	s.tellAlerts(t)
	st := s.server.Stats()
	s.tellIncident(st.Incident)
	fmt.Fprintf(s.v.out, "%s %9s lines %5s/s %6s errors %3s rotated\n", time.Now().Format(time.TimeOnly),
		number(t.Lines), number(t.Lines-s.lines), number(t.Events), number(int64(st.Rotations)))
	s.lines = t.Lines
}

// tellIncident says what the server suffers from, when that begins and when it ends.
func (s *demoScreen) tellIncident(now sim.Incident) {
	switch {
	case now == s.incident:
		return
	case now != "":
		s.tell(yellow, "~ INCIDENT", string(now))
	default:
		s.tell(faint, "~ INCIDENT OVER", string(s.incident))
	}
	s.incident = now
}

func (s *demoScreen) tellAlerts(t app.Totals) {
	for _, a := range t.Alerts {
		over, known := s.alerts[a.ID]
		switch {
		case a.Firing && !known:
			s.tell(red, "● FIRING "+a.Severity, a.Rule+": "+a.Summary)
		case !a.Firing && known && !over:
			s.tell(faint, "○ RESOLVED", fmt.Sprintf("%s after %s", a.Rule, a.EndsAt.Sub(a.StartsAt).Round(time.Second)))
		}
		s.alerts[a.ID] = !a.Firing
	}
}

// tell writes one happening; its state is a shape and a word, never colour alone.
func (s *demoScreen) tell(colour, state, text string) {
	for i, line := range wrap(state+" "+safeLine(text), s.v.outWidth) {
		if i == 0 {
			line = paint(s.v.colourOut, colour, state) + strings.TrimPrefix(line, state)
		}
		fmt.Fprintln(s.v.out, line)
	}
}

// last says whether what was counted is what was written.
func (s *demoScreen) last() error {
	t, st := s.daemon.Totals(), s.server.Stats()
	var events int64
	for _, n := range st.Events {
		events += n
	}
	written := fmt.Sprintf("%s with %s", plural(st.Lines, "line"), plural(events, "error"))
	counted := fmt.Sprintf("%s with %s", plural(t.Lines, "line"), plural(t.Events, "error"))
	if written != counted {
		return failed(fmt.Errorf("the server wrote %s, errwatch counted %s", written, counted), "")
	}
	_, err := fmt.Fprintf(s.v.out, "written and counted: %s\n", counted)
	return err
}
