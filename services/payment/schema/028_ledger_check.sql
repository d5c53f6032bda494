-- The ledger's own check (C.11): what each night's found, as how many of which kind. A night begins at two in the morning.
CREATE TABLE ledger_check (
    night date PRIMARY KEY,
    differences jsonb NOT NULL,                  -- {"money of bill": 1}; {}: nothing contradicts
    checked_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE ledger_check IS 'append-only';
