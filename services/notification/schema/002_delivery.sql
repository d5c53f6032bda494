-- A notice that a crash left half-way is repeated once, however often the provider refused it before.
ALTER TABLE delivery ADD COLUMN repeated boolean NOT NULL DEFAULT false;
