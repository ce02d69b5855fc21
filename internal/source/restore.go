package source

import (
	"fmt"
	"strings"
	"time"

	"github.com/errwatch/errwatch/internal/store"
)

// Restore reads the positions. It comes before Run.
func (m *Manager) Restore(tx *store.Tx) error {
	if err := m.restoreKnown(tx); err != nil {
		return fmt.Errorf("positions: %w", err)
	}
	if err := m.restoreRecords(tx); err != nil {
		return fmt.Errorf("positions: %w", err)
	}
	return nil
}

func (m *Manager) restoreKnown(tx *store.Tx) error {
	rows, err := tx.Query(selectKnown)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var (
			key   string
			since int64
		)
		if err := rows.Scan(&key, &since); err != nil {
			return err
		}
		if s := m.source(strings.TrimPrefix(key, knownSourceAs)); s != nil {
			s.known, s.alive = true, time.Unix(0, since)
		}
	}
	return rows.Err()
}

func (m *Manager) restoreRecords(tx *store.Tx) error {
	rows, err := tx.Query(selectFiles)
	if err != nil {
		return err
	}
	defer rows.Close()
	m.mu.Lock()
	defer m.mu.Unlock()
	for rows.Next() {
		var (
			r                   record
			dev, ino, updated   int64
			head, anchor, marks []byte
		)
		if err := rows.Scan(&r.id, &r.source, &r.path, &dev, &ino, &r.pos.offset, &r.resume, &r.size,
			&head, &anchor, &marks, &r.finished, &updated, &r.shown); err != nil {
			return err
		}
		m.lastRow = max(m.lastRow, r.id)
		r.key, r.updated = fileKey{uint64(dev), uint64(ino)}, time.Unix(0, updated)
		if r.proofs(head, anchor, marks) {
			m.keep(&r)
		} else {
			m.deps.Logger.Warn("a position in the state makes no sense and is left out", "source", r.source, "path", r.path)
		}
	}
	return rows.Err()
}

// proofs takes the proofs out of a row. False: the row is damaged, or of a later version.
func (r *record) proofs(head, anchor, marks []byte) bool {
	h, ok := decodeHead(head)
	if !ok || len(anchor) != len(sum{}) || r.pos.offset < 0 || r.resume < 0 || r.resume > r.pos.offset ||
		h.len != windowBefore(r.pos.offset) {
		return false
	}
	r.pos.headLen, r.pos.head, r.birth, r.copy, r.lost, r.home = h.len, h.sum, h.birth, h.copy, h.lost, h.home
	copy(r.pos.anchor[:], anchor)
	r.pos.decodeMarks(marks)
	return true
}

// keep files a record that the state knows.
func (m *Manager) keep(r *record) {
	s := m.source(r.source)
	if s == nil {
		m.strays = append(m.strays, r) // of a source that is not configured any more, or not at present
		return
	}
	s.known = true
	s.file(r)
	if r.updated.After(s.alive) {
		s.alive = r.updated
	}
}
