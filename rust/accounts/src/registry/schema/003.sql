-- The reference server's token is made from the password, so it is kept as slowly as the password. `slow_hash` is
-- ours: the PHC string of a token's SHA-256.
CREATE TABLE devices_of_003 (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id INTEGER NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    -- SHA-256 of the token's text, which is 256 random bits. NULL: the token is shared.
    token_hash BLOB UNIQUE,
    -- PHC string (Argon2id) of the shared token's SHA-256 in hexadecimal; NULL for all other devices.
    shared_token TEXT,
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
    revoked INTEGER NOT NULL,
    -- 1: a person chose the name; what the client calls itself does not replace it.
    named INTEGER NOT NULL DEFAULT 0,
    CHECK ((token_hash IS NULL) = shared AND (shared_token IS NOT NULL) = shared)
) STRICT;

INSERT INTO devices_of_003 (id, account_id, token_hash, shared_token, name, client_version, platform, created_ms,
    last_seen_ms, address, shared, revoked, named)
SELECT id, account_id, iif(shared, NULL, token_hash), iif(shared, slow_hash(token_hash), NULL), name, client_version,
    platform, created_ms, last_seen_ms, address, shared, revoked, named
FROM devices;

-- Numbers of devices that are gone are still not used again.
DELETE FROM sqlite_sequence WHERE name = 'devices_of_003';
INSERT INTO sqlite_sequence (name, seq) SELECT 'devices_of_003', seq FROM sqlite_sequence WHERE name = 'devices';

DROP TABLE devices;
ALTER TABLE devices_of_003 RENAME TO devices;
CREATE INDEX devices_account ON devices (account_id);
