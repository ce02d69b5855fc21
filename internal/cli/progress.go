package cli

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/app"
)

const (
	redrawEvery = time.Second      // on a terminal: often enough to live, rare enough for the rest to be steady
	lineEvery   = 30 * time.Second // off a terminal, where asked for
)

// bar shows how far a scan is: on a terminal one line that is drawn again, elsewhere a line now and then where the
// caller asks for it. SIGUSR1 prints where it is at any time.
type bar struct {
	w       io.Writer
	p       *app.Progress
	live    bool
	lines   bool
	width   int
	started time.Time
	stop    chan struct{}
	done    chan struct{}
}

// startBar starts a bar. It lives only where a person sees both streams, and no form of output was asked for.
func (v *voice) startBar(p *app.Progress, live, lines bool) *bar {
	b := &bar{
		w: v.err, p: p, live: live && v.errLive && v.outLive, lines: lines, width: v.errWidth, started: time.Now(),
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	asked := make(chan os.Signal, 1)
	signal.Notify(asked, infoSignals()...)
	go b.run(asked)
	return b
}

// finish erases the bar and returns how long it stood.
func (b *bar) finish() time.Duration {
	close(b.stop)
	<-b.done
	return time.Since(b.started)
}

func (b *bar) run(asked chan os.Signal) {
	defer close(b.done)
	defer signal.Stop(asked)
	every := redrawEvery
	if !b.live {
		every = lineEvery
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	drawn := false
	for {
		select {
		case <-b.stop:
			if drawn {
				fmt.Fprint(b.w, "\r\x1b[K")
			}
			return
		case <-asked:
			fmt.Fprintln(b.w, b.line(time.Since(b.started), 0))
		case <-tick.C:
			if b.live {
				fmt.Fprint(b.w, "\r\x1b[K"+b.line(time.Since(b.started), b.width-1))
				drawn = true
			} else if b.lines {
				fmt.Fprintln(b.w, b.line(time.Since(b.started), 0))
			}
		}
	}
}

// line says how far it is after so long, in at most so many columns; 0: in as many as it takes.
func (b *bar) line(elapsed time.Duration, most int) string {
	read, total := b.p.Bytes.Load(), b.p.Total.Load()
	rate := float64(read) / max(elapsed.Seconds(), 0.001)
	parts := []string{"reading"}
	if total > 0 {
		parts = append(parts, fmt.Sprintf("%d %%", min(100*read/total, 100)), size(read)+" of "+size(total))
	} else {
		parts = append(parts, size(read))
	}
	parts = append(parts, size(int64(rate))+"/s")
	if left := float64(total-read) / max(rate, 1); total > 0 && elapsed > time.Second {
		parts = append(parts, fmt.Sprintf("%.0f s left", max(left, 0)))
	}
	if f := b.p.File.Load(); f != nil {
		parts = append(parts, safeLine(*f))
	}
	return shorten(strings.Join(parts, "  "), most)
}
