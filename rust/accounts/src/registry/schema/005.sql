-- Devices that have ended, so that the owner hears which one still comes. Nobody gets in with what is here.
CREATE TABLE former_devices (
    id INTEGER PRIMARY KEY,
    account_id INTEGER NOT NULL,
    -- SHA-256 of the token's text, which is 256 random bits.
    token_hash BLOB NOT NULL UNIQUE,
    -- For people.
    name TEXT NOT NULL
) STRICT;

CREATE TRIGGER devices_end AFTER DELETE ON devices WHEN OLD.token_hash IS NOT NULL
BEGIN
    INSERT INTO former_devices (account_id, token_hash, name) VALUES (OLD.account_id, OLD.token_hash, OLD.name);
    -- The last 200.
    DELETE FROM former_devices WHERE id <= (SELECT max(id) FROM former_devices) - 200;
END;
