-- Schema 2: up to where the records that wait for more lines were handed out, as they stood at a pause. They are counted
-- once: after a restart what was read up to here says what was counted of them.

ALTER TABLE files ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
