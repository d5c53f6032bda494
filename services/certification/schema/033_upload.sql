-- Files that come in pieces and are not whole yet. Each piece lies sealed in the blob folder under an id of its own; the row
-- says which, and is as long as what came. One that nobody goes on with for a day is swept.
CREATE TABLE upload (
    owner text NOT NULL,                         -- MEMBER:17
    key text NOT NULL,                           -- the Idempotency-Key of its pieces
    received_bytes integer NOT NULL CHECK (received_bytes > 0),
    pieces text[] NOT NULL,                      -- their blobs, in order
    sizes integer[] NOT NULL CHECK (cardinality(sizes) = cardinality(pieces)),
    changed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (owner, key)
);
CREATE INDEX upload_changed ON upload (changed_at);
