-- A collection of schema 18 (`storage-tables`), as every current Anki client expects it.
-- Order of columns is part of the format: old clients insert by position.

CREATE TABLE col (                        -- exactly one row, id 1
  id     integer PRIMARY KEY,
  crt    integer NOT NULL,                -- creation, Unix seconds, at the hour the day begins
  mod    integer NOT NULL,                -- last modification, ms; 0 = never
  scm    integer NOT NULL,                -- last change that cannot be merged, ms
  ver    integer NOT NULL,                -- 18
  dty    integer NOT NULL,                -- unused, 0
  usn    integer NOT NULL,                -- number for the objects of the next sync
  ls     integer NOT NULL,                -- last sync, ms; 0 = never
  conf   text    NOT NULL,                -- the five texts belong to schema 11; '' here
  models text    NOT NULL,
  decks  text    NOT NULL,
  dconf  text    NOT NULL,
  tags   text    NOT NULL
);

CREATE TABLE notes (
  id     integer PRIMARY KEY,             -- creation, ms
  guid   text    NOT NULL,
  mid    integer NOT NULL,                -- notetypes.id
  mod    integer NOT NULL,                -- seconds
  usn    integer NOT NULL,
  tags   text    NOT NULL,                -- ' one two ', or ''
  flds   text    NOT NULL,                -- fields joined by U+001F
  sfld   integer NOT NULL,                -- sort field; integer on purpose, so numbers sort as such
  csum   integer NOT NULL,                -- checksum of the first field
  flags  integer NOT NULL,                -- unused, 0
  data   text    NOT NULL                 -- unused, ''
);

CREATE TABLE cards (
  id     integer PRIMARY KEY,             -- creation, ms
  nid    integer NOT NULL,                -- notes.id
  did    integer NOT NULL,                -- decks.id; the filtered deck while in one
  ord    integer NOT NULL,                -- template, or cloze number - 1
  mod    integer NOT NULL,                -- seconds
  usn    integer NOT NULL,
  type   integer NOT NULL,                -- 0 new, 1 learning, 2 review, 3 relearning
  queue  integer NOT NULL,
  due    integer NOT NULL,                -- position, day or Unix seconds, depending on queue
  ivl    integer NOT NULL,                -- days
  factor integer NOT NULL,                -- ease * 1000
  reps   integer NOT NULL,
  lapses integer NOT NULL,
  left   integer NOT NULL,                -- learning steps left
  odue   integer NOT NULL,                -- due and deck to return to while in a filtered deck
  odid   integer NOT NULL,
  flags  integer NOT NULL,                -- low three bits: colour
  data   text    NOT NULL                 -- JSON object, or ''
);

CREATE TABLE revlog (
  id      integer PRIMARY KEY,            -- time of the answer, ms
  cid     integer NOT NULL,               -- cards.id, perhaps of a deleted card
  usn     integer NOT NULL,
  ease    integer NOT NULL,               -- button; 0 = not a review
  ivl     integer NOT NULL,               -- > 0 days, < 0 seconds
  lastIvl integer NOT NULL,
  factor  integer NOT NULL,
  time    integer NOT NULL,               -- ms spent
  type    integer NOT NULL
);

CREATE TABLE graves (                     -- what was deleted, until every device knows
  oid  integer NOT NULL,
  type integer NOT NULL,                  -- 0 card, 1 note, 2 deck
  usn  integer NOT NULL,
  PRIMARY KEY (oid, type)
) WITHOUT ROWID;

CREATE TABLE deck_config (                -- presets
  id         integer PRIMARY KEY NOT NULL,
  name       text    NOT NULL COLLATE unicase,
  mtime_secs integer NOT NULL,
  usn        integer NOT NULL,
  config     blob    NOT NULL             -- protobuf (`storage-blobs` 5)
);

CREATE TABLE config (
  KEY        text    NOT NULL PRIMARY KEY,
  usn        integer NOT NULL,
  mtime_secs integer NOT NULL,
  val        blob    NOT NULL             -- JSON text as bytes
) WITHOUT ROWID;

CREATE TABLE tags (
  tag       text    NOT NULL PRIMARY KEY COLLATE unicase,
  usn       integer NOT NULL,
  collapsed boolean NOT NULL,
  config    blob    NULL                  -- always NULL
) WITHOUT ROWID;

CREATE TABLE notetypes (
  id         integer PRIMARY KEY NOT NULL,
  name       text    NOT NULL COLLATE unicase,
  mtime_secs integer NOT NULL,
  usn        integer NOT NULL,
  config     blob    NOT NULL             -- protobuf (`storage-blobs` 1)
);

CREATE TABLE fields (
  ntid   integer NOT NULL,                -- notetypes.id
  ord    integer NOT NULL,                -- 0, 1, 2 ... without gaps
  name   text    NOT NULL COLLATE unicase,
  config blob    NOT NULL,                -- protobuf (`storage-blobs` 2)
  PRIMARY KEY (ntid, ord)
) WITHOUT ROWID;

CREATE TABLE templates (
  ntid       integer NOT NULL,
  ord        integer NOT NULL,
  name       text    NOT NULL COLLATE unicase,
  mtime_secs integer NOT NULL,            -- always 0, as is usn: they travel with the notetype
  usn        integer NOT NULL,
  config     blob    NOT NULL,            -- protobuf (`storage-blobs` 3)
  PRIMARY KEY (ntid, ord)
) WITHOUT ROWID;

CREATE TABLE decks (
  id         integer PRIMARY KEY NOT NULL,
  name       text    NOT NULL COLLATE unicase, -- components joined by U+001F
  mtime_secs integer NOT NULL,
  usn        integer NOT NULL,
  common     blob    NOT NULL,            -- protobuf (`storage-blobs` 4)
  kind       blob    NOT NULL
);
