package app

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/errwatch/errwatch/internal/store"
)

// StateReport is what a state file holds, as of one moment.
type StateReport struct {
	Path      string
	Size      int64 // of the file and its write-ahead log
	Integrity string
	Notes     []string
	Files     []StateFile
	Counters  []StateCounter
	Alerts    []StateAlert
	Waiting   int64 // messages in the outbox
}

// StateFile is one generation of a file and how far it was counted.
type StateFile struct {
	Source   string    `json:"source"`
	Path     string    `json:"path"`
	Offset   int64     `json:"offset"`
	Size     int64     `json:"size"` // as the file is now, where it is still there under its name, else as last seen
	Lag      int64     `json:"lag"`
	Finished bool      `json:"finished"`
	Updated  time.Time `json:"updated"`
}

// StateCounter is one counter.
type StateCounter struct {
	Source string `json:"source"`
	Code   string `json:"code"`
	Name   string `json:"name"`
	Value  int64  `json:"value"`
}

// StateAlert is one alert that is not over.
type StateAlert struct {
	ID    string `json:"id"`
	Rule  string `json:"rule"`
	State string `json:"state"`
}

// ReadState reads a state folder without changing anything, beside a running daemon or without one.
func ReadState(ctx context.Context, dir string) (*StateReport, error) {
	db, err := store.Open(ctx, store.Options{Dir: dir, ReadOnly: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	defer db.Close()
	r := &StateReport{Path: db.Path(), Notes: db.Notes(), Size: fileSize(db.Path()) + fileSize(db.Path()+"-wal")}
	err = db.Read(ctx, func(tx *store.Tx) error {
		for _, part := range []func(*store.Tx) error{r.readIntegrity, r.readFiles, r.readCounters, r.readAlerts, r.readOutbox} {
			if err := part(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", db.Path(), err)
	}
	return r, nil
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// each runs a query and calls scan for each row.
func each(tx *store.Tx, query string, scan func(func(...any) error) error) error {
	rows, err := tx.Query(query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (r *StateReport) readIntegrity(tx *store.Tx) error {
	return each(tx, "PRAGMA quick_check(1)", func(scan func(...any) error) error { return scan(&r.Integrity) })
}

func (r *StateReport) readFiles(tx *store.Tx) error {
	return each(tx, "SELECT source, path, offset, size, finished, updated FROM files ORDER BY source, path, id", func(scan func(...any) error) error {
		var f StateFile
		var updated int64
		if err := scan(&f.Source, &f.Path, &f.Offset, &f.Size, &f.Finished, &updated); err != nil {
			return err
		}
		f.Updated = time.Unix(0, updated)
		if now := fileSize(f.Path); !f.Finished && now >= f.Size {
			f.Size = now
		}
		f.Lag = max(0, f.Size-f.Offset)
		if f.Finished {
			f.Lag = 0
		}
		r.Files = append(r.Files, f)
		return nil
	})
}

func (r *StateReport) readCounters(tx *store.Tx) error {
	return each(tx, "SELECT source, code, name, sum(value) FROM counters GROUP BY 1, 2, 3 HAVING sum(value) > 0 ORDER BY 4 DESC, 1, 2", func(scan func(...any) error) error {
		var c StateCounter
		if err := scan(&c.Source, &c.Code, &c.Name, &c.Value); err != nil {
			return err
		}
		r.Counters = append(r.Counters, c)
		return nil
	})
}

func (r *StateReport) readAlerts(tx *store.Tx) error {
	return each(tx, "SELECT id, rule, state FROM alerts WHERE state <> 'resolved' ORDER BY rule, id", func(scan func(...any) error) error {
		var a StateAlert
		if err := scan(&a.ID, &a.Rule, &a.State); err != nil {
			return err
		}
		r.Alerts = append(r.Alerts, a)
		return nil
	})
}

func (r *StateReport) readOutbox(tx *store.Tx) error {
	return each(tx, "SELECT count(*) FROM outbox", func(scan func(...any) error) error { return scan(&r.Waiting) })
}
