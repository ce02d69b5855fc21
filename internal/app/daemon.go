package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/errwatch/errwatch/internal/config"
	"github.com/errwatch/errwatch/internal/source"
	"github.com/errwatch/errwatch/internal/store"
	"github.com/errwatch/errwatch/internal/web"
)

// Deadlines of an orderly stop. Together they stay below the 30 s after which Kubernetes kills, and far below
// systemd's 90 s.
const (
	drainFiles    = 10 * time.Second // reading each file to the size it had at the signal
	drainNotify   = 5 * time.Second  // sending what waits
	drainRequests = 2 * time.Second  // answering requests that run
)

// Options are what a daemon needs from outside.
type Options struct {
	// Load reads the configuration: at the start and at each reload.
	Load func() (*config.Config, []config.Problem)
	// Report shows the problems of a configuration to a person; the daemon itself only logs their number.
	Report func([]config.Problem)

	StateDir string // where a configuration names none
	Version  string
	Instance string // the name of this host or Pod
	Stdin    io.Reader
	Reload   <-chan os.Signal // a value asks for a reload; may be nil
	Logger   *slog.Logger
	Now      func() time.Time

	// Listening is called once, with the address of the page, when the daemon is ready. May be nil.
	Listening func(page net.Addr)
	// Published is called after each commit. It must return at once. May be nil.
	Published func(*Daemon)
	// Trim gives memory back that only the work so far has needed. It is called before anything is read, and again when all
	// is caught up, and may take some milliseconds. May be nil.
	Trim func()

	beforeCommit func() error // see store.Options.BeforeCommit
	ahead        source.Ahead
}

// ErrConfig says that the configuration has errors, which were reported.
var ErrConfig = errors.New("the configuration has errors")

// Daemon is errwatch at work.
type Daemon struct {
	opts     Options
	logger   *slog.Logger
	started  time.Time
	db       *store.DB
	registry atomic.Pointer[prometheus.Registry]
	current  atomic.Pointer[pipeline]
	ready    atomic.Bool
	reloads  reloadState
	reloadMu sync.Mutex // one reload at a time
	mu       sync.Mutex // see pipeline.mu
	servers  []*web.Server
	run      *running // what runs for the pipeline in force
}

// New returns a daemon that has not started.
func New(o Options) *Daemon {
	return &Daemon{opts: o, logger: o.Logger, started: o.Now()}
}

// Run starts everything, and returns when ctx has ended and all that was read is committed. The error is ErrConfig
// where the configuration is wrong; otherwise it says what could not be started.
func (d *Daemon) Run(ctx context.Context) error {
	plan, err := d.load()
	if err != nil {
		return err
	}
	if err := d.open(ctx, plan); err != nil {
		return err
	}
	defer d.close()

	p, err := d.prepare(plan)
	if err != nil {
		return err
	}
	if err := d.db.Read(ctx, p.restore); err != nil {
		return fmt.Errorf("reading the state: %w", err)
	}
	if err := d.listen(plan.Config); err != nil {
		return err
	}
	if d.opts.Trim != nil {
		d.opts.Trim()
	}
	d.enforce(p)
	d.serve()
	d.announce()

	d.follow(ctx)
	return d.shutdown()
}

// follow waits for the end and reloads on request meanwhile.
func (d *Daemon) follow(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.opts.Reload:
			_ = d.Reload(ctx) // told there
		}
	}
}

// load reads and builds a configuration; what is wrong with it is reported.
func (d *Daemon) load() (*Plan, error) {
	cfg, problems := d.opts.Load()
	plan, built := Build(cfg) // in any case, so that all mistakes are told at once
	problems = config.Merge(problems, built)
	if len(problems) > 0 && d.opts.Report != nil {
		d.opts.Report(problems)
	}
	if HasErrors(problems) {
		return nil, ErrConfig
	}
	return plan, nil
}

func (d *Daemon) open(ctx context.Context, plan *Plan) error {
	dir := plan.Config.State.Dir
	if dir == "" {
		dir = d.opts.StateDir
	}
	db, err := store.Open(ctx, store.Options{Dir: dir, Logger: d.logger, BeforeCommit: d.opts.beforeCommit})
	if err != nil {
		return err
	}
	for _, note := range db.Notes() {
		d.logger.Warn(note)
	}
	d.db = db
	return nil
}

func (d *Daemon) close() {
	for _, s := range d.servers {
		s.Shutdown(context.Background())
	}
	if err := d.db.Close(); err != nil {
		d.logger.Error("closing the state failed", "err", err)
	}
}

// listen opens the addresses before anything is read, so that a taken port ends the start.
func (d *Daemon) listen(cfg *config.Config) error {
	o := web.Options{
		View: view{d}, Metrics: d.metricsHandler(), Ready: d.ready.Load, Reload: d.Reload, Pprof: cfg.Server.Pprof, Logger: d.logger,
	}
	page, err := web.Listen(cfg.Server.Listen, cfg.Server.WebConfigFile, web.New(o), d.logger)
	if err != nil {
		return err
	}
	d.servers = append(d.servers, page)
	if cfg.Server.MetricsListen == "" {
		return nil
	}
	m, err := web.Listen(cfg.Server.MetricsListen, cfg.Server.WebConfigFile, web.NewMetrics(o), d.logger)
	if err != nil {
		return err
	}
	d.servers = append(d.servers, m)
	return nil
}

func (d *Daemon) serve() {
	for _, s := range d.servers {
		go func() {
			if err := s.Serve(); err != nil {
				d.logger.Error("serving HTTP ended", "address", s.Addr().String(), "err", err)
			}
		}()
	}
}

func (d *Daemon) announce() {
	d.ready.Store(true)
	d.logger.Info("listening", "address", d.servers[0].Addr().String(), "sources", len(d.current.Load().plan.sources))
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // not under systemd: nothing to tell
	if d.opts.Listening != nil {
		d.opts.Listening(d.servers[0].Addr())
	}
}

// shutdown ends the stages in the order of the way: stop reading, commit, send, and last the pages.
func (d *Daemon) shutdown() error {
	d.reloadMu.Lock() // a reload that runs ends first; none begins any more
	d.ready.Store(false)
	_, _ = daemon.SdNotify(false, daemon.SdNotifyStopping) // as above
	d.logger.Info("stopping: reading to the end")
	p := d.current.Load()
	d.run.stopReading(true)
	err := p.commit(context.Background())
	ctx, cancel := context.WithTimeout(context.Background(), drainNotify)
	p.notifier.Drain(ctx)
	cancel()
	d.run.stopRest()
	err = errors.Join(err, p.commit(context.Background())) // what was sent is marked: it must not be sent again

	ctx, cancel = context.WithTimeout(context.Background(), drainRequests)
	defer cancel()
	for _, s := range d.servers {
		s.Shutdown(ctx)
	}
	if err != nil {
		return fmt.Errorf("the last commit failed: what was read since the one before will be read again: %w", err)
	}
	d.logger.Info("stopped")
	return nil
}
