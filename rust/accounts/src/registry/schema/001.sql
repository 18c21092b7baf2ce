CREATE TABLE accounts (
    -- AUTOINCREMENT: an id is never used again, so a stale one cannot reach another account.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- As typed.
    name TEXT NOT NULL,
    -- Trimmed and lower case: what names are matched by.
    name_key TEXT NOT NULL UNIQUE,
    -- One path component below the data folder; stays when the account is renamed.
    folder TEXT NOT NULL COLLATE NOCASE UNIQUE,
    -- PHC string. NULL: nobody can log in and no token is accepted.
    password_hash TEXT,
    -- 1: set in the environment, which owns the name and the password.
    configured INTEGER NOT NULL,
    -- Unix milliseconds.
    created_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE devices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- SHA-256 of the token's text.
    token_hash BLOB NOT NULL UNIQUE,
    -- For people.
    name TEXT NOT NULL,
    client_version TEXT NOT NULL,
    platform TEXT NOT NULL,
    -- Unix milliseconds.
    created_ms INTEGER NOT NULL,
    -- NULL: never seen. A login counts as seen.
    last_seen_ms INTEGER,
    address TEXT,
    -- 1: the reference server's token of a configured account, the same for all its devices.
    shared INTEGER NOT NULL,
    -- 1: ended. Only for shared rows, which must not come back with the next start; others go.
    revoked INTEGER NOT NULL
) STRICT;

CREATE INDEX devices_account ON devices (account_id);

-- Folders of removed accounts. They keep their place, and an account of the same name gets the
-- one removed last.
CREATE TABLE former_accounts (
    folder TEXT NOT NULL COLLATE NOCASE PRIMARY KEY,
    name_key TEXT NOT NULL,
    removed_ms INTEGER NOT NULL
) STRICT;
