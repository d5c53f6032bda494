-- B.13: a colleague who has a case in his hands is reminded of it, not more than once in four hours.
ALTER TABLE review ADD COLUMN reminded_at timestamptz;
ALTER TABLE review ADD COLUMN reminded_to bigint;
ALTER TABLE review ADD COLUMN reminded_by_name text NOT NULL DEFAULT '';
