-- Schema 3: events that were counted while backlog was read, and that the rules have not seen yet: they wait for the
-- other files to come to their time. Each row is those of one batch; the first of them, done in number, are over.

CREATE TABLE waiting_events (
  id   INTEGER PRIMARY KEY,
  done INTEGER NOT NULL DEFAULT 0,
  json TEXT    NOT NULL
);
