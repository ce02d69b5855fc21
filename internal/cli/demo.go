package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
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
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return demo(c.Context(), w, v, f) },
	}
	c.Flags().StringVar(&f.listen, "listen", "127.0.0.1:9977", "address of the page; where it is taken, any free port")
	c.Flags().DurationVar(&f.lasts, "for", 0, "end after this time (default: at Ctrl-C)")
	c.Flags().Uint64Var(&f.seed, "seed", uint64(time.Now().UnixNano()), "the same seed makes the same meetings and people")
	return c
}

func demo(ctx context.Context, w World, v *voice, f demoFlags) error {
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
	v.sayf("a simulated meeting server writes to %s", filepath.Join(dir, "meeting.log"))
	v.sayf("page     http://%s/", page)
	v.sayf("metrics  http://%s/metrics", page)
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
	err := <-ended
	show.last()
	return explainRun(err)
}

// demoConfig watches the folder with the built-in patterns and rules, over windows short enough to watch.
func demoConfig(w World, dir, listen string) *config.Config {
	cfg, _ := config.Load(config.LoadOptions{Path: os.DevNull})
	s := config.NewSource("meeting", filepath.Join(dir, "*.log"))
	s.Catalog = cfg.Catalog
	cfg.Sources = []config.Source{s}
	cfg.State.Dir = filepath.Join(dir, "state")
	cfg.Server.Listen = freeOr(listen)
	for _, name := range app.BuiltinRules() {
		cfg.Rules = append(cfg.Rules, config.Rule{
			Name: name, Enabled: true, Window: demoWindow, KeepFiringFor: 0, Keys: []string{"window", "keep_firing_for"},
		})
	}
	return cfg
}

// freeOr returns the address if it is free, else any free port of the same host.
func freeOr(address string) string {
	l, err := net.Listen("tcp", address)
	if err == nil {
		l.Close()
		return address
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return address // the start will say what is wrong with it
	}
	return net.JoinHostPort(host, "0")
}

// demoScreen prints a line a second, and alerts.
type demoScreen struct {
	v      *voice
	server *sim.Server
	daemon *app.Daemon
	alerts map[string]bool // ID -> it was told that it resolved
	lines  int64
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
	incident := ""
	if st.Incident != "" {
		incident = "  incident: " + string(st.Incident)
	}
	fmt.Fprintf(s.v.out, "%s  %s lines  %4d/s  %s errors  %d rotations%s\n", time.Now().Format("15:04:05"),
		number(t.Lines), t.Lines-s.lines, number(t.Events), st.Rotations, incident)
	s.lines = t.Lines
}

func (s *demoScreen) tellAlerts(t app.Totals) {
	for _, a := range t.Alerts {
		over, known := s.alerts[a.ID]
		switch {
		case a.Firing && !known:
			fmt.Fprintf(s.v.out, "%s %s: %s\n", paint(s.v.colourOut, red, "● FIRING "+a.Severity), a.Rule, safeLine(a.Summary))
		case !a.Firing && !over:
			fmt.Fprintf(s.v.out, "%s %s after %s\n", paint(s.v.colourOut, faint, "○ RESOLVED"), a.Rule, a.EndsAt.Sub(a.StartsAt).Round(time.Second))
		}
		s.alerts[a.ID] = !a.Firing
	}
}

// last compares what was counted with what was written.
func (s *demoScreen) last() {
	t, st := s.daemon.Totals(), s.server.Stats()
	var events int64
	for _, n := range st.Events {
		events += n
	}
	fmt.Fprintf(s.v.out, "written %s lines with %s errors, counted %s lines with %s errors\n",
		number(st.Lines), number(events), number(t.Lines), number(t.Events))
}
