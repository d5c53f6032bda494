-- What the QR codes on an uploaded file say, one a line, as guild-image read them.
ALTER TABLE attachment ADD COLUMN code_text text NOT NULL DEFAULT '' CHECK (length(code_text) <= 1536);
