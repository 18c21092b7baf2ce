-- What an endpoint keeps about itself, such as its name in the network.
CREATE TABLE settings (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

-- Under which name or address (`Host`) the device last reached the endpoint; NULL: not known.
ALTER TABLE devices ADD COLUMN host TEXT;
