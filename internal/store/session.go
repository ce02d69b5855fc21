package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"sync"
)

// Tx is a transaction in progress. It is valid only inside the function that it was given to.
type Tx struct {
	ctx context.Context
	s   *session
}

// maxStatements bounds how many statements stay prepared on a connection. errwatch has a few dozen; whoever makes texts
// out of values pays for it by having them prepared each time.
const maxStatements = 200

// Exec runs one statement. It is prepared once for the life of the connection, under its text: values belong into args,
// never into the text.
func (tx *Tx) Exec(query string, args ...any) error {
	tx.s.note(args)
	st, err := tx.s.prepare(tx.ctx, query)
	if err != nil {
		return err
	}
	if st == nil {
		_, err = tx.s.conn.ExecContext(tx.ctx, query, args...)
		return err
	}
	_, err = st.ExecContext(tx.ctx, args...)
	return err
}

// Query runs one statement that returns rows; the caller closes them. It is prepared once, as with Exec, so the same
// text must not be asked again while its rows are open.
func (tx *Tx) Query(query string, args ...any) (*sql.Rows, error) {
	st, err := tx.s.prepare(tx.ctx, query)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return tx.s.conn.QueryContext(tx.ctx, query, args...)
	}
	return st.QueryContext(tx.ctx, args...)
}

// session is one connection with the statements prepared on it.
type session struct {
	conn   *sql.Conn
	stmts  map[string]*sql.Stmt
	broken bool

	written int64 // about how many bytes statements have written
}

func newSession(ctx context.Context, pool *sql.DB) (*session, error) {
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: c, stmts: map[string]*sql.Stmt{}}, nil
}

// prepare returns the statement of a text, nil where no more are kept.
func (s *session) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	if len(s.stmts) >= maxStatements {
		return nil, nil
	}
	st, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

func (s *session) close() error {
	return errors.Join(s.closeStatements(), s.conn.Close())
}

// closeStatements must come before the connection is closed: SQLite frees what they point to.
func (s *session) closeStatements() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	clear(s.stmts)
	return errors.Join(errs...)
}

// discard closes the connection for good instead of giving it back to its pool.
func (s *session) discard() {
	_ = s.closeStatements()
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.conn.Close()
}

// maxReaders bounds the connections that read at once: pages and reports, never the hot path.
const maxReaders = 4

// readers is a bounded set of reading sessions.
type readers struct {
	pool  *sql.DB
	slots chan struct{}

	mu     sync.Mutex
	idle   []*session
	closed bool
}

func newReaders(pool *sql.DB) *readers {
	pool.SetMaxOpenConns(maxReaders)
	return &readers{pool: pool, slots: make(chan struct{}, maxReaders)}
}

func (r *readers) take(ctx context.Context) (*session, error) {
	select {
	case r.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r.mu.Lock()
	if n := len(r.idle); n > 0 {
		s := r.idle[n-1]
		r.idle = r.idle[:n-1]
		r.mu.Unlock()
		return s, nil
	}
	r.mu.Unlock()
	s, err := newSession(ctx, r.pool)
	if err != nil {
		<-r.slots
	}
	return s, err
}

func (r *readers) give(s *session) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s.broken || r.closed {
		s.discard()
	} else {
		r.idle = append(r.idle, s)
	}
	<-r.slots
}

func (r *readers) close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, s := range r.idle {
		errs = append(errs, s.close())
	}
	r.idle, r.closed = nil, true
	return errors.Join(append(errs, r.pool.Close())...)
}

// text returns the rows of a query of one column.
func (tx *Tx) text(query string) ([]string, error) {
	rows, err := tx.Query(query)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, rows.Err()
}

// script runs several statements at once, without keeping them prepared.
func (tx *Tx) script(text string) error {
	_, err := tx.s.conn.ExecContext(tx.ctx, text)
	return err
}
