-- A schema just large enough to test a store on; the semicolon in this comment; and the one below end no statement.
CREATE TABLE things (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    amount INTEGER NOT NULL DEFAULT 0 CHECK (amount >= 0),
    parent INTEGER REFERENCES things (id)
) STRICT;

CREATE TABLE log (id INTEGER PRIMARY KEY, what TEXT NOT NULL) STRICT;

CREATE TRIGGER things_are_logged AFTER INSERT ON things
BEGIN
    INSERT INTO log (what) VALUES ('insert; ' || new.name);
    INSERT INTO log (what) VALUES ('done');
END;
