-- Schema 1: what one commit moves together. Times are Unix nanoseconds unless a comment says otherwise.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value
) WITHOUT ROWID;

-- One generation of a followed file (one inode as one writer filled it) and how far it was read.
CREATE TABLE files (
  id       INTEGER PRIMARY KEY,
  source   TEXT    NOT NULL,
  path     TEXT    NOT NULL,
  dev      INTEGER NOT NULL DEFAULT 0,
  ino      INTEGER NOT NULL DEFAULT 0,
  offset   INTEGER NOT NULL DEFAULT 0, -- bytes counted
  resume   INTEGER NOT NULL DEFAULT 0, -- where reading starts again: records that waited to be joined begin here
  size     INTEGER NOT NULL DEFAULT 0, -- of the file when the row was written
  head     BLOB,                       -- proofs of content: the same file is found again under another name or inode
  anchor   BLOB,
  marks    BLOB,
  finished INTEGER NOT NULL DEFAULT 0, -- 1: its writer has let go of it and all of it was read
  updated  INTEGER NOT NULL DEFAULT 0
);

-- All counters of one source in one row, which costs a seventh of a row for each counter.
CREATE TABLE counter_sets (
  source TEXT PRIMARY KEY,
  json   TEXT NOT NULL
) WITHOUT ROWID;

CREATE TABLE rule_groups (
  rule TEXT NOT NULL,
  key  TEXT NOT NULL,
  data BLOB,
  PRIMARY KEY (rule, key)
) WITHOUT ROWID;

CREATE TABLE rule_sets (
  rule      TEXT PRIMARY KEY,
  canonical TEXT NOT NULL,  -- the rule's meaning: a rule that changed it starts anew
  clock     INTEGER NOT NULL DEFAULT 0,
  data      BLOB
) WITHOUT ROWID;

CREATE TABLE alerts (
  id      TEXT PRIMARY KEY,
  rule    TEXT NOT NULL,
  state   TEXT NOT NULL,    -- pending, firing or resolved
  json    TEXT NOT NULL,
  updated INTEGER NOT NULL DEFAULT 0
);

CREATE INDEX alerts_by_state ON alerts (state, updated);

-- Notifications that no receiver has acknowledged yet.
CREATE TABLE outbox (
  id         INTEGER PRIMARY KEY,
  receiver   TEXT NOT NULL,
  key        TEXT NOT NULL,
  alert_id   TEXT NOT NULL DEFAULT '',
  payload    BLOB,
  created    INTEGER NOT NULL DEFAULT 0,
  attempts   INTEGER NOT NULL DEFAULT 0,
  not_before INTEGER NOT NULL DEFAULT 0
);

-- For people with sqlite3. Times are in UTC.

CREATE VIEW counters AS
SELECT
  c.source,
  json_extract(e.value, '$.code')     AS code,
  json_extract(e.value, '$.name')     AS name,
  json_extract(e.value, '$.category') AS category,
  json_extract(e.value, '$.labels')   AS labels, -- promoted ones, as JSON
  json_extract(e.value, '$.value')    AS value,
  datetime(json_extract(e.value, '$.created') / 1000000000, 'unixepoch') AS created
FROM counter_sets c, json_each(c.json, '$.events') e;

CREATE VIEW positions AS
SELECT
  source,
  path,
  offset,
  size,
  max(size - offset, 0) AS behind,
  finished,
  datetime(updated / 1000000000, 'unixepoch') AS updated
FROM files;

CREATE VIEW firing AS
SELECT
  rule,
  json_extract(json, '$.StartsAt')  AS since,
  json_extract(json, '$.Value')     AS value,
  json_extract(json, '$.Threshold') AS threshold,
  json_extract(json, '$.Summary')   AS summary,
  id
FROM alerts
WHERE state = 'firing';
