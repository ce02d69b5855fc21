-- Schema 4: the state of the rules is a snapshot, and a journal of what they were told since. Both are internal/rules'
-- own form, with checksums; alerts stay readable.
--
-- rule_sets and rule_groups, which held it up to schema 3, stay for the first start: it reads them, and its first commit
-- writes a snapshot and empties them.

CREATE TABLE rule_journal (
  seq  INTEGER PRIMARY KEY, -- one row a commit, without gaps
  data BLOB NOT NULL
);

CREATE TABLE rule_snapshots (
  seq  INTEGER NOT NULL,    -- the row of the journal after which it was made
  part INTEGER NOT NULL,    -- -1: the end, which makes it count
  data BLOB NOT NULL,
  PRIMARY KEY (seq, part)
);

-- For "fired three times in the last 30 days" without reading the alerts themselves.
ALTER TABLE alerts ADD COLUMN labels BLOB;                         -- a hash of rule and labels
ALTER TABLE alerts ADD COLUMN started INTEGER NOT NULL DEFAULT 0;  -- when it began to fire, 0 while pending
CREATE INDEX alerts_by_start ON alerts (started, labels);
