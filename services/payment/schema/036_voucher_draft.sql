-- F8: what a unit types of a voucher before it hands it in, kept as certification keeps its drafts: one of a unit.
CREATE TABLE voucher_draft (
    account_id bigint PRIMARY KEY REFERENCES unit (account_id),
    version integer NOT NULL CHECK (version > 0),
    form jsonb NOT NULL,
    submitted boolean NOT NULL DEFAULT false,    -- nothing was typed since a voucher was handed in: the form is empty
    saved_at timestamptz NOT NULL DEFAULT now()
);

-- The unit's voucher takes the draft, whatever statement hands it in.
CREATE FUNCTION voucher_takes_draft() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE voucher_draft SET submitted = true, form = '{}', version = version + 1
     WHERE account_id = NEW.account_id AND NOT submitted;
    RETURN NULL;
END $$;
CREATE TRIGGER voucher_takes_draft AFTER INSERT ON voucher
    FOR EACH ROW WHEN (NEW.recorder LIKE 'MEMBER:%') EXECUTE FUNCTION voucher_takes_draft();

-- As its page begins with it: with the files that it names, as far as they are the unit's own.
CREATE FUNCTION voucher_draft_json(of_account bigint) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('version', d.version, 'saved_at', d.saved_at)
        || CASE WHEN d.submitted THEN '{}' ELSE jsonb_build_object('form', d.form, 'files', attachments_json(ARRAY(
               SELECT a.id FROM jsonb_array_elements_text(coalesce(d.form -> 'voucher_files', '[]')) WITH ORDINALITY AS f(id, nth)
                 JOIN attachment a USING (id)
                WHERE a.account_id = of_account AND a.purpose = 'voucher_files' ORDER BY f.nth))) END
      FROM voucher_draft d WHERE d.account_id = of_account
$$;

-- The unit's last voucher, if it was taken back; 0: it was not.
CREATE FUNCTION voucher_withdrawn(of_account bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT CASE WHEN state = 'WITHDRAWN' THEN id END FROM voucher
                      WHERE account_id = of_account AND recorder LIKE 'MEMBER:%' ORDER BY id DESC LIMIT 1), 0)
$$;
