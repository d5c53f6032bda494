-- Sessions ended one by one (log-out): they stay ended, whatever Redis remembers after a crash. All sessions of an
-- account end by its epoch.
CREATE TABLE ended_session (
    session_hash bytea PRIMARY KEY,
    ended_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ended_session_at ON ended_session (ended_at);
