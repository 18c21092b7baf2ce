-- 1: a person chose the name; what the client calls itself does not replace it.
ALTER TABLE devices ADD COLUMN named INTEGER NOT NULL DEFAULT 0;
