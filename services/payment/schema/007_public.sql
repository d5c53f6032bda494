-- The public check finds a member by its name.
CREATE INDEX unit_name ON unit (unit_name);
