package main

import (
	"encoding/json"
	"os"
	"sync"
	"time"

	"github.com/hpcloud/tail"
)

// hpcloud is hpcloud/tail, from which nxadm/tail descends, as its documentation shows it. Position and counts are saved
// together four times a second, and what is saved is shown. The position is asked for after each line, which is the only
// way that there is.
func hpcloud(j job) error {
	saved := struct {
		Offset int64
		Counts map[string]int64
	}{Counts: map[string]int64{}}
	if b, err := os.ReadFile(j.state); err == nil {
		if err := json.Unmarshal(b, &saved); err != nil {
			return err
		}
	}
	c := &counts{by: saved.Counts}
	var mu sync.Mutex
	shown := c.copied()
	go serve(j.listen, func() map[string]int64 {
		mu.Lock()
		defer mu.Unlock()
		return shown
	})
	t, err := tail.TailFile(j.log, tail.Config{
		Follow: true, ReOpen: true, Location: &tail.SeekInfo{Offset: saved.Offset}, Logger: tail.DiscardingLogger,
	})
	if err != nil {
		return err
	}
	tick := time.NewTicker(250 * time.Millisecond)
	for {
		select {
		case l, ok := <-t.Lines:
			if !ok {
				return t.Err()
			}
			c.line(l.Text)
		case <-tick.C:
			if saved.Offset, err = t.Tell(); err != nil {
				continue // between two files
			}
			saved.Counts = c.copied()
			if err := save(j.state, saved); err != nil {
				return err
			}
			mu.Lock()
			shown = saved.Counts
			mu.Unlock()
		}
	}
}

// save puts a new file in the place of the old one.
func save(path string, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".new", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
