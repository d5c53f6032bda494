-- How receipts reach their units: each e-mail that was asked for, and the first time that the unit fetched the file.
CREATE TABLE receipt_mail (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    receipt_id bigint NOT NULL REFERENCES receipt (id),
    address text NOT NULL,
    asked_by text NOT NULL,                      -- MEMBER:17, STAFF:3
    state text NOT NULL DEFAULT 'QUEUED' CHECK (state IN ('QUEUED', 'SENT', 'FAILED')),
    asked_at timestamptz NOT NULL DEFAULT now(),
    told_at timestamptz                          -- when notification said what became of it
);
CREATE INDEX receipt_mail_of_receipt ON receipt_mail (receipt_id, id);
CREATE INDEX receipt_mail_asked ON receipt_mail (asked_by, asked_at);
ALTER TABLE receipt ADD COLUMN fetched_at timestamptz;   -- the unit's first download
CREATE INDEX receipt_file ON receipt (file_id) WHERE file_id <> '';

-- Accepted by the mail server, or fetched: it is delivered. Its version stays, since nothing that it says has changed.
CREATE FUNCTION receipt_mail_delivers() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE receipt SET state = 'DELIVERED' WHERE id = NEW.receipt_id AND state = 'ISSUED';
    RETURN NULL;
END $$;
CREATE TRIGGER receipt_mail_delivers AFTER UPDATE OF state ON receipt_mail
    FOR EACH ROW WHEN (NEW.state = 'SENT') EXECUTE FUNCTION receipt_mail_delivers();

-- A receipt that is sent again, as notification is told of it.
CREATE FUNCTION receipt_mail_payload(m receipt_mail) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('account_id', r.account_id, 'receipt_id', r.id, 'tail', right(r.receipt_no, 4),
               'year', voucher_years(v), 'mail_address', m.address, 'mail_file_id', r.file_id, 'mail_id', m.id)
      FROM receipt r JOIN voucher v ON v.id = r.voucher_id WHERE r.id = m.receipt_id
$$;

ALTER TYPE receipt_told ADD ATTRIBUTE mail_address text, ADD ATTRIBUTE mail_state text, ADD ATTRIBUTE mailed_at timestamptz,
    ADD ATTRIBUTE fetched_at timestamptz, ADD ATTRIBUTE content_type text;
CREATE OR REPLACE FUNCTION receipt_told(r receipt) RETURNS receipt_told LANGUAGE sql STABLE AS $$
    SELECT r.id, r.state, r.voucher_id, u.unit_name, voucher_years(v), r.amount_fen, r.info, r.receipt_no, r.receipt_code,
           r.check_code, r.issued_on, r.file_id, r.note, r.replaces, r.version, v.received_on, r.requested_at, r.issued_by_name,
           r.reissue_reason, r.reissue_info, receipt_may_reissue(r), m.address, m.state, coalesce(m.told_at, m.asked_at),
           r.fetched_at, (SELECT a.content_type FROM attachment a WHERE a.id = r.file_id)
      FROM voucher v JOIN unit u USING (account_id)
      LEFT JOIN LATERAL (SELECT * FROM receipt_mail WHERE receipt_id = r.id ORDER BY id DESC LIMIT 1) AS m ON true
     WHERE v.id = r.voucher_id
$$;

CREATE OR REPLACE FUNCTION receipt_found(view text, of_year integer, q text) RETURNS SETOF receipt LANGUAGE sql STABLE AS $$
    SELECT r.* FROM receipt r JOIN unit u USING (account_id)
     WHERE CASE view WHEN 'RETURNED' THEN r.state = 'RETURNED' WHEN 'DONE' THEN r.state IN ('ISSUED', 'DELIVERED')
                     WHEN 'UNDELIVERED' THEN r.state = 'ISSUED' WHEN 'REISSUE' THEN r.reissue_reason <> '' AND r.state <> 'VOID'
                     WHEN 'VOID' THEN r.state = 'VOID' WHEN 'ALL' THEN true ELSE r.state = 'REQUESTED' END
       AND (of_year = 0 OR extract(year FROM r.issued_on) = of_year)
       AND (q = '' OR position(q IN u.unit_name) > 0 OR r.receipt_no = q OR position(q IN r.info ->> 'receipt_title') > 0
            OR r.info ->> 'receipt_tax_id' = upper(q))
$$;
CREATE FUNCTION my_receipt_found(for_account bigint, of_state text, of_year integer) RETURNS SETOF receipt LANGUAGE sql STABLE AS $$
    SELECT r.* FROM receipt r JOIN voucher v ON v.id = r.voucher_id
     WHERE r.account_id = for_account AND (of_state = 'UNSPECIFIED' OR r.state = of_state)
       AND (of_year = 0 OR of_year::text = ANY (string_to_array(voucher_years(v), '、')))
$$;

-- Where a unit reads its mail: as it said last.
CREATE FUNCTION unit_mail(for_account bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT v.receipt_info ->> 'receipt_email' FROM voucher v WHERE v.account_id = for_account
                        AND v.receipt_info ->> 'receipt_email' <> '' ORDER BY v.id DESC LIMIT 1), '')
$$;
CREATE OR REPLACE FUNCTION membership_told(t term) RETURNS void LANGUAGE sql AS $$
    INSERT INTO outbox (event, payload)
    SELECT 'membership.opened', jsonb_build_object('account_id', t.account_id, 'post', t.association_post_name,
               'member_no', m.member_no, 'first_day', t.first_day, 'last_day', t.last_day,
               'mail_address', unit_mail(t.account_id))
      FROM membership m WHERE m.account_id = t.account_id
$$;

-- Pictures that the association gives: the code to pay by, and its seal on certificates. Without one there is none.
ALTER TABLE attachment DROP CONSTRAINT attachment_purpose_check;
ALTER TABLE attachment ADD CONSTRAINT attachment_purpose_check
    CHECK (purpose IN ('voucher_files', 'receipt', 'association_picture'));
CREATE TABLE association_picture (
    kind text PRIMARY KEY CHECK (kind IN ('COLLECTION_CODE', 'SEAL')),
    file_id text REFERENCES attachment (id),     -- NULL: taken off
    version integer NOT NULL DEFAULT 1,
    changed_by bigint NOT NULL,
    changed_by_name text NOT NULL,
    changed_at timestamptz NOT NULL DEFAULT now()
);
