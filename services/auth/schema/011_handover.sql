-- A unit's account gets another responsible person: its phone becomes the new one's, who sets a password of his own.

-- Who looks at stamped letters: two of them agree before an account is handed over.
INSERT INTO role_permission (role, permission) VALUES ('reviewer', 'cert.handover'), ('secretary', 'cert.handover');

-- Once for each event, however often it is told. The accounts whose sessions have ended; told again, they end again, since who
-- did it may have died before the gateways heard. None: it could not be done, and certification is told why. `closing` had the
-- phone until now and ends. A password of '' matches nothing: only a code to the new phone sets one.
CREATE FUNCTION account_hand_over(by_source text, by_event text, handover_id bigint, unit_account bigint, to_phone text, closing bigint,
                                  unit_name text, new_name text)
RETURNS SETOF bigint LANGUAGE plpgsql AS $$
DECLARE
    unit account;
    owner account;
    why text := '';
BEGIN
    INSERT INTO inbox (source, event_id) VALUES (by_source, by_event) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        RETURN QUERY SELECT id FROM account WHERE id IN (unit_account, closing);
        RETURN;
    END IF;
    SELECT * INTO unit FROM account WHERE id = unit_account FOR UPDATE;
    SELECT * INTO owner FROM account WHERE phone = to_phone AND state <> 'CLOSED' FOR UPDATE;
    IF unit.id IS NULL OR unit.state <> 'ACTIVE' THEN
        why := 'account_closed';
    ELSIF owner.id <> unit.id AND (owner.id <> closing OR owner.state <> 'ACTIVE') THEN
        why := 'phone_registered';
    END IF;
    IF why <> '' THEN
        INSERT INTO outbox (event, payload)
        VALUES ('handover.failed', jsonb_build_object('handover_id', handover_id, 'why', why));
        RETURN;
    END IF;
    IF owner.id <> unit.id THEN
        UPDATE account SET state = 'CLOSED', session_epoch = session_epoch + 1 WHERE id = owner.id;
        INSERT INTO audit (actor_kind, action, object) VALUES ('SYSTEM', 'account.closed', owner.id::text);
        RETURN NEXT owner.id;
    END IF;
    UPDATE account SET phone = to_phone, password_hash = '', session_epoch = session_epoch + 1 WHERE id = unit.id;
    INSERT INTO audit (actor_kind, action, object) VALUES ('SYSTEM', 'account.handed_over', unit.id::text);
    INSERT INTO outbox (event, payload) VALUES
        ('account.phone_set', jsonb_build_object('account_id', unit.id, 'phone', to_phone,
             'changed_at_us', (extract(epoch FROM clock_timestamp()) * 1000000)::bigint)),
        ('account.handed_over', jsonb_build_object('phone', unit.phone, 'unit_name', unit_name, 'new_name', new_name)),
        ('account.taken_over', jsonb_build_object('phone', to_phone, 'unit_name', unit_name, 'new_name', new_name)),
        ('handover.switched', jsonb_build_object('handover_id', handover_id));
    RETURN NEXT unit.id;
END $$;
