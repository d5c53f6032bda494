-- V9: a receipt goes by e-mail only to a mailbox that its unit has shown to be its own: with a link that was mailed there, which is
-- used once, within seven days (mailbox.c). Until then the e-mail is held; the inbox, SMS and the download wait for nothing.
CREATE TABLE mailbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES unit (account_id),
    address text NOT NULL,                       -- as it was first given
    wants_link boolean NOT NULL DEFAULT false,   -- one is to be mailed
    link_at timestamptz,                         -- when the last one was
    verified_at timestamptz
);
CREATE UNIQUE INDEX mailbox_of_account ON mailbox (account_id, lower(address));
CREATE INDEX mailbox_wants_link ON mailbox (id) WHERE wants_link;

CREATE TABLE mailbox_link (
    id bigint PRIMARY KEY,                       -- at random; notification knows the e-mail by it
    mailbox_id bigint NOT NULL REFERENCES mailbox (id),
    made_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '7 days',
    used_at timestamptz,
    mail_state text NOT NULL DEFAULT 'QUEUED' CHECK (mail_state IN ('QUEUED', 'SENT', 'FAILED'))
);
CREATE INDEX mailbox_link_of_mailbox ON mailbox_link (mailbox_id, made_at);

-- E-mails that wait for their mailbox.
CREATE TABLE receipt_mail_held (
    mailbox_id bigint NOT NULL REFERENCES mailbox (id),
    receipt_id bigint NOT NULL REFERENCES receipt (id),
    asked_by text NOT NULL,                      -- as in receipt_mail
    asked_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (mailbox_id, receipt_id)
);
CREATE INDEX receipt_mail_held_of_receipt ON receipt_mail_held (receipt_id);
CREATE INDEX receipt_mail_held_asked ON receipt_mail_held (asked_by, asked_at);

-- Addresses that were given before: where a mail server took a receipt, it is known to be the unit's.
INSERT INTO mailbox (account_id, address, verified_at)
SELECT DISTINCT ON (account_id, lower(address)) account_id, address, verified_at
  FROM (SELECT r.account_id, m.address, CASE m.state WHEN 'SENT' THEN m.told_at END AS verified_at
          FROM receipt_mail m JOIN receipt r ON r.id = m.receipt_id
        UNION ALL SELECT account_id, receipt_info ->> 'receipt_email', NULL FROM voucher
        UNION ALL SELECT account_id, info ->> 'receipt_email', NULL FROM receipt
        UNION ALL SELECT account_id, reissue_info ->> 'receipt_email', NULL FROM receipt) AS given
 WHERE address <> '' ORDER BY account_id, lower(address), verified_at;

-- ---- what may be mailed, whatever statement comes

CREATE FUNCTION mailbox_is_verified(of_account bigint, of_address text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT 1 FROM mailbox WHERE account_id = of_account AND lower(address) = lower(of_address) AND verified_at IS NOT NULL)
$$;

-- Of an address that a unit gives. One that is not verified wants a link, unless the last one still holds. Its row is locked, so
-- that nothing is held beside the verification.
CREATE FUNCTION mailbox_given(by_account bigint, given text) RETURNS mailbox LANGUAGE plpgsql AS $$
DECLARE
    found mailbox;
BEGIN
    INSERT INTO mailbox AS m (account_id, address, wants_link) VALUES (by_account, given, true)
    ON CONFLICT (account_id, lower(address)) DO UPDATE
       SET wants_link = m.wants_link OR m.verified_at IS NULL AND NOT EXISTS (
               SELECT 1 FROM mailbox_link l WHERE l.mailbox_id = m.id AND l.expires_at > now() AND l.mail_state <> 'FAILED')
    RETURNING * INTO found;
    RETURN found;
END $$;

CREATE FUNCTION voucher_gives_mailbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mailbox_given(NEW.account_id, NEW.receipt_info ->> 'receipt_email');
    RETURN NULL;
END $$;
CREATE TRIGGER voucher_gives_mailbox AFTER INSERT ON voucher
    FOR EACH ROW WHEN (NEW.receipt_info ->> 'receipt_email' <> '') EXECUTE FUNCTION voucher_gives_mailbox();

-- 开票信息 that was mended, or another that is asked for.
CREATE FUNCTION receipt_gives_mailbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mailbox_given(NEW.account_id, coalesce(NEW.reissue_info, NEW.info) ->> 'receipt_email');
    RETURN NULL;
END $$;
CREATE TRIGGER receipt_gives_mailbox AFTER UPDATE OF info, reissue_info ON receipt
    FOR EACH ROW WHEN ((NEW.info, NEW.reissue_info) IS DISTINCT FROM (OLD.info, OLD.reissue_info)
                       AND coalesce(NEW.reissue_info, NEW.info) ->> 'receipt_email' <> '')
    EXECUTE FUNCTION receipt_gives_mailbox();

CREATE FUNCTION receipt_mail_hold() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    box mailbox := mailbox_given((SELECT account_id FROM receipt WHERE id = NEW.receipt_id), NEW.address);
BEGIN
    IF box.verified_at IS NOT NULL THEN
        RETURN NEW;
    END IF;
    INSERT INTO receipt_mail_held (mailbox_id, receipt_id, asked_by) VALUES (box.id, NEW.receipt_id, NEW.asked_by)
    ON CONFLICT DO NOTHING;
    RETURN NULL;                                 -- none is sent
END $$;
CREATE TRIGGER receipt_mail_hold BEFORE INSERT ON receipt_mail FOR EACH ROW EXECUTE FUNCTION receipt_mail_hold();

-- How many e-mails a unit asked for today.
CREATE FUNCTION receipt_mails_asked(by_account bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT (SELECT count(*) FROM receipt_mail WHERE asked_by = by AND asked_at >= current_date)
         + (SELECT count(*) FROM receipt_mail_held WHERE asked_by = by AND asked_at >= current_date)
      FROM (SELECT 'MEMBER:' || by_account) AS asker(by)
$$;

-- What was held goes out, once; a receipt that is void meanwhile does not.
CREATE FUNCTION mailbox_verified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    WITH held AS (DELETE FROM receipt_mail_held WHERE mailbox_id = NEW.id RETURNING *),
    mailed AS (
        INSERT INTO receipt_mail (receipt_id, address, asked_by)
        SELECT h.receipt_id, NEW.address, h.asked_by
          FROM held h JOIN receipt r ON r.id = h.receipt_id AND r.state IN ('ISSUED', 'DELIVERED')
         ORDER BY h.receipt_id
        RETURNING *)
    INSERT INTO outbox (event, payload) SELECT 'receipt.mailed', receipt_mail_payload(m) FROM mailed m;
    RETURN NULL;
END $$;
CREATE TRIGGER mailbox_verified AFTER UPDATE OF verified_at ON mailbox
    FOR EACH ROW WHEN (OLD.verified_at IS NULL AND NEW.verified_at IS NOT NULL) EXECUTE FUNCTION mailbox_verified();

-- ---- links

-- How many more may be mailed today for a unit, to whichever address.
CREATE FUNCTION mailbox_links_left(of_account bigint) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT 10 - count(*)::int FROM mailbox_link l JOIN mailbox m ON m.id = l.mailbox_id
     WHERE m.account_id = of_account AND l.made_at >= current_date
$$;
CREATE FUNCTION mailbox_is_soon(m mailbox) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce(m.link_at > now() - interval '1 minute', false)
$$;

CREATE FUNCTION mailbox_link_payload(of_mailbox bigint, link_id bigint, url text) RETURNS jsonb LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('account_id', m.account_id, 'unit_name', u.unit_name, 'mail_address', m.address,
               'mail_id', link_id::text, 'mailbox_link', url)
      FROM mailbox m JOIN unit u USING (account_id) WHERE m.id = of_mailbox
$$;

-- As somebody is told who may be nobody of the unit: c***u@example.cn.
CREATE FUNCTION mail_masked(address text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT left(name, 1) || '***' || CASE WHEN length(name) > 2 THEN right(name, 1) ELSE '' END || '@' || split_part(address, '@', 2)
      FROM split_part(address, '@', 1) AS name
$$;

-- ---- as pages show them

-- The address that a receipt waits to be mailed to; NULL: none.
CREATE FUNCTION receipt_held_address(of_receipt bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT m.address FROM receipt_mail_held h JOIN mailbox m ON m.id = h.mailbox_id
     WHERE h.receipt_id = of_receipt ORDER BY h.asked_at DESC, m.id DESC LIMIT 1
$$;

-- The mailboxes that a unit's receipts go to: of its 开票信息, of receipts that are not delivered, and those that e-mails wait for.
CREATE FUNCTION mailbox_used(of_account bigint) RETURNS SETOF mailbox LANGUAGE sql STABLE AS $$
    SELECT m.* FROM mailbox m
     WHERE m.account_id = of_account
       AND (lower(m.address) = lower(unit_mail(of_account))
            OR EXISTS (SELECT 1 FROM receipt_mail_held h JOIN receipt r ON r.id = h.receipt_id AND r.state <> 'VOID' WHERE h.mailbox_id = m.id)
            OR EXISTS (SELECT 1 FROM receipt r
                        WHERE r.account_id = of_account AND r.state IN ('REQUESTED', 'RETURNED', 'ISSUED')
                          AND lower(m.address) = lower(coalesce(r.reissue_info, r.info) ->> 'receipt_email')))
$$;

CREATE TYPE mailbox_told AS (id bigint, address text, verified boolean, link_at timestamptz, link_state text);
CREATE FUNCTION mailbox_told(m mailbox) RETURNS mailbox_told LANGUAGE sql STABLE AS $$
    SELECT m.id, m.address, m.verified_at IS NOT NULL, m.link_at,
           (SELECT l.mail_state FROM mailbox_link l WHERE l.mailbox_id = m.id ORDER BY l.made_at DESC LIMIT 1)
$$;
