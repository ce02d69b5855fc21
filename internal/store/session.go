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

// Exec runs one statement. It is prepared once for the life of the connection, under its text: values belong into args,
// never into the text.
func (tx *Tx) Exec(query string, args ...any) error {
	st, err := tx.s.prepare(tx.ctx, query)
	if err != nil {
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
	return st.QueryContext(tx.ctx, args...)
}

// session is one connection with the statements prepared on it.
type session struct {
	conn   *sql.Conn
	stmts  map[string]*sql.Stmt
	broken bool
}

func newSession(ctx context.Context, pool *sql.DB) (*session, error) {
	c, err := pool.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &session{conn: c, stmts: map[string]*sql.Stmt{}}, nil
}

func (s *session) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	st, err := s.conn.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	s.stmts[query] = st
	return st, nil
}

func (s *session) close() error {
	var errs []error
	for _, st := range s.stmts {
		errs = append(errs, st.Close())
	}
	clear(s.stmts)
	return errors.Join(append(errs, s.conn.Close())...)
}

// discard closes the connection for good instead of giving it back to its pool.
func (s *session) discard() {
	_ = s.conn.Raw(func(any) error { return driver.ErrBadConn })
	_ = s.close()
}

// maxReaders bounds the connections that read at once: pages and reports, never the hot path.
const maxReaders = 4

// readers is a bounded set of reading sessions.
type readers struct {
	pool  *sql.DB
	slots chan struct{}

	mu   sync.Mutex
	idle []*session
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
	if s.broken {
		s.discard()
	} else {
		r.mu.Lock()
		r.idle = append(r.idle, s)
		r.mu.Unlock()
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
	r.idle = nil
	return errors.Join(append(errs, r.pool.Close())...)
}

// int returns the one integer that a query yields.
func (s *session) int(ctx context.Context, query string) (int, error) {
	var n int
	err := s.conn.QueryRowContext(ctx, query).Scan(&n)
	return n, err
}

// script runs several statements at once, without keeping them prepared.
func (tx *Tx) script(text string) error {
	_, err := tx.s.conn.ExecContext(tx.ctx, text)
	return err
}
