-- Files. Their content lies sealed in the blob folder. A voucher's is its unit's; a receipt's is the association's.
CREATE TABLE attachment (
    id text PRIMARY KEY,
    account_id bigint NOT NULL,                  -- who uploaded it: a unit, or for receipts a member of staff
    purpose text NOT NULL CHECK (purpose IN ('voucher_files', 'receipt')),
    file_name text NOT NULL,
    content_type text NOT NULL,
    size_bytes integer NOT NULL CHECK (size_bytes > 0),
    width integer NOT NULL DEFAULT 0,
    height integer NOT NULL DEFAULT 0,
    content_hash bytea NOT NULL,
    thumbnail_bytes integer NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE attachment IS 'append-only';
CREATE INDEX attachment_owner ON attachment (account_id, purpose);
CREATE INDEX attachment_hash ON attachment (content_hash);

-- Where dues are paid to. One row, from deploy/association.json.
CREATE TABLE payee (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    account_name text NOT NULL,
    bank_name text NOT NULL,
    bank_line text NOT NULL,
    account_no text NOT NULL,
    collection_merchant text NOT NULL,
    receipt_name text NOT NULL
);
