-- Vouchers: proof of a payment, checked by finance; whatever confirms one posts it.
INSERT INTO transition VALUES
    ('voucher', '', 'SUBMITTED'),
    ('voucher', 'SUBMITTED', 'CONFIRMED'),
    ('voucher', 'SUBMITTED', 'REJECTED'),
    ('voucher', 'SUBMITTED', 'WITHDRAWN'),
    ('voucher', 'CONFIRMED', 'REVERSED'),
    ('receipt', '', 'REQUESTED'),
    ('receipt', 'REQUESTED', 'RETURNED'),
    ('receipt', 'RETURNED', 'REQUESTED'),
    ('receipt', 'REQUESTED', 'ISSUED'),
    ('receipt', 'ISSUED', 'DELIVERED'),
    ('receipt', 'REQUESTED', 'VOID'),            -- its money was reversed
    ('receipt', 'RETURNED', 'VOID'),
    ('receipt', 'ISSUED', 'VOID'),
    ('receipt', 'DELIVERED', 'VOID');

-- D16b. Rows are switched off, never deleted.
CREATE TABLE voucher_reason (
    code text PRIMARY KEY,
    text text NOT NULL,
    advice text NOT NULL,
    enabled boolean NOT NULL DEFAULT true
);
INSERT INTO voucher_reason (code, text, advice) VALUES
    ('V01', '凭证不清晰', '请重新上传清晰、完整的付款回单或截图。'),
    ('V02', '未查到到账', '请与付款银行核实款项是否已划出，到账后重新提交。'),
    ('V03', '金额不符', '请按实际付款金额填写，或补足差额后重新提交。'),
    ('V04', '付款单位不符且无代付说明', '请上传加盖公章的代付说明，与付款凭证一并提交。'),
    ('V05', '凭证重复使用', '该凭证已用于其他缴费，请上传本次付款的凭证。'),
    ('V06', '付款对象或账号错误', '款项没有付到协会账户，请与付款银行联系，按平台公布的账户重新付款。'),
    ('V07', '开票信息有误', '请核对票据抬头和统一社会信用代码后重新提交。'),
    ('V99', '其他', '请按说明修改后重新提交。');

CREATE TABLE voucher (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES unit (account_id),
    state text NOT NULL DEFAULT 'SUBMITTED',
    version integer NOT NULL DEFAULT 1,
    recorder text NOT NULL,                      -- who entered it: MEMBER:17, STAFF:3
    recorded_by_name text NOT NULL DEFAULT '',   -- staff
    pay_method text NOT NULL
        CHECK (pay_method IN ('BANK', 'QR_ICBC', 'QR_UNIONPAY', 'QR_WECHAT', 'QR_ALIPAY', 'CASH', 'OTHER')),
    paid_fen bigint NOT NULL CHECK (paid_fen > 0),
    paid_date date NOT NULL,
    payer_name text NOT NULL,
    payer_account_tail text NOT NULL DEFAULT '',
    bank_serial text NOT NULL DEFAULT '',
    remark text NOT NULL DEFAULT '',
    file_ids text[] NOT NULL DEFAULT '{}',
    bill_ids bigint[] NOT NULL,                  -- what it is for, as the payer says
    receipt_info jsonb NOT NULL,
    submitted_at timestamptz NOT NULL DEFAULT now(),
    -- finance
    first_by bigint,                             -- confirmed it first; another has to as well
    first_by_name text NOT NULL DEFAULT '',
    confirmed_fen bigint CHECK (confirmed_fen > 0),
    received_on date,
    reason_codes text[] NOT NULL DEFAULT '{}',
    message_to_payer text NOT NULL DEFAULT '',
    internal_note text NOT NULL DEFAULT '',
    decided_by bigint,
    decided_by_name text NOT NULL DEFAULT '',
    decided_at timestamptz,
    CONSTRAINT voucher_same_person CHECK (first_by <> decided_by OR state <> 'CONFIRMED'),
    CONSTRAINT voucher_confirmed CHECK (
        state NOT IN ('CONFIRMED', 'REVERSED') OR confirmed_fen IS NOT NULL AND received_on IS NOT NULL AND decided_by IS NOT NULL)
);
-- A payment is told of once, while it lives.
CREATE UNIQUE INDEX voucher_serial_used ON voucher (pay_method, bank_serial)
    WHERE bank_serial <> '' AND state IN ('SUBMITTED', 'CONFIRMED');
CREATE UNIQUE INDEX voucher_waiting ON voucher (account_id) WHERE state = 'SUBMITTED' AND recorder LIKE 'MEMBER:%';
CREATE INDEX voucher_queue ON voucher (submitted_at, id) WHERE state = 'SUBMITTED';
CREATE INDEX voucher_by_time ON voucher (submitted_at, id);
CREATE INDEX voucher_of_account ON voucher (account_id, id);
CREATE INDEX voucher_decided ON voucher (decided_at) WHERE decided_at IS NOT NULL;
CREATE TRIGGER voucher_guard BEFORE INSERT OR UPDATE ON voucher
    FOR EACH ROW EXECUTE FUNCTION transition_guard('voucher');
CREATE TRIGGER voucher_history AFTER INSERT OR UPDATE ON voucher
    FOR EACH ROW EXECUTE FUNCTION history_write('voucher');

-- Whose confirmation takes two: the policy, asked here and nowhere else.
CREATE FUNCTION voucher_needs_second(confirmed_fen bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT confirmed_fen > second_over_fen FROM dues_policy
$$;

-- How a confirmed amount was laid on bills; the rest is the unit's credit.
CREATE TABLE voucher_allocation (
    voucher_id bigint NOT NULL REFERENCES voucher (id),
    bill_id bigint NOT NULL REFERENCES bill (id),
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    PRIMARY KEY (voucher_id, bill_id)
);
CREATE INDEX voucher_allocation_bill ON voucher_allocation (bill_id);

-- 会费票据, one that counts for each posted voucher.
CREATE TABLE receipt (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    voucher_id bigint NOT NULL REFERENCES voucher (id),
    account_id bigint NOT NULL REFERENCES unit (account_id),
    state text NOT NULL DEFAULT 'REQUESTED',
    version integer NOT NULL DEFAULT 1,
    amount_fen bigint NOT NULL CHECK (amount_fen > 0),
    info jsonb NOT NULL,
    receipt_no text NOT NULL DEFAULT '',
    receipt_code text NOT NULL DEFAULT '',
    check_code text NOT NULL DEFAULT '',
    issued_on date,
    file_id text NOT NULL DEFAULT '',
    note text NOT NULL DEFAULT '',               -- why it was returned, or made void
    replaces bigint UNIQUE REFERENCES receipt (id),
    requested_at timestamptz NOT NULL DEFAULT now(),
    issued_by bigint,
    issued_by_name text NOT NULL DEFAULT '',
    CONSTRAINT receipt_is_whole CHECK (
        state NOT IN ('ISSUED', 'DELIVERED') OR receipt_no <> '' AND issued_on IS NOT NULL AND file_id <> '')
);
CREATE UNIQUE INDEX receipt_of_voucher ON receipt (voucher_id) WHERE state <> 'VOID';
CREATE UNIQUE INDEX receipt_no_used ON receipt (receipt_no, receipt_code) WHERE receipt_no <> '';
CREATE INDEX receipt_by_time ON receipt (requested_at, id);
CREATE INDEX receipt_of_account ON receipt (account_id, id);
CREATE TRIGGER receipt_guard BEFORE INSERT OR UPDATE ON receipt
    FOR EACH ROW EXECUTE FUNCTION transition_guard('receipt');
CREATE TRIGGER receipt_history AFTER INSERT OR UPDATE ON receipt
    FOR EACH ROW EXECUTE FUNCTION history_write('receipt');

-- Whoever confirms, by whatever way: two persons where the policy asks for them; the money is posted and laid on bills, and
-- the receipt is asked for.
CREATE FUNCTION voucher_post() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    by_recorder text := CASE WHEN NEW.first_by IS NULL THEN NEW.recorder ELSE 'STAFF:' || NEW.first_by END;
    by_approver text := 'STAFF:' || NEW.decided_by;
    laid bigint := coalesce((SELECT sum(amount_fen) FROM voucher_allocation WHERE voucher_id = NEW.id), 0);
    part record;
BEGIN
    IF NEW.first_by IS NULL AND voucher_needs_second(NEW.confirmed_fen) THEN
        RAISE EXCEPTION 'voucher % needs a second person', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_needs_second';
    END IF;
    IF NEW.recorder = by_approver THEN
        RAISE EXCEPTION 'voucher % is confirmed by who entered it', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'voucher_same_person';
    END IF;
    IF laid > NEW.confirmed_fen THEN
        RAISE EXCEPTION 'voucher % is laid out beyond its amount', NEW.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'allocation_too_large';
    END IF;
    INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, recorder, approver)
    VALUES ('BANK', 0, 'CREDIT', NEW.account_id, NEW.confirmed_fen, NEW.id, by_recorder, by_approver);
    FOR part IN SELECT * FROM voucher_allocation WHERE voucher_id = NEW.id ORDER BY bill_id LOOP
        INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, recorder, approver)
        VALUES ('CREDIT', NEW.account_id, 'BILL', part.bill_id, part.amount_fen, NEW.id, by_recorder, by_approver);
    END LOOP;
    INSERT INTO receipt (voucher_id, account_id, amount_fen, info)
    VALUES (NEW.id, NEW.account_id, NEW.confirmed_fen, NEW.receipt_info);
    RETURN NULL;
END $$;
CREATE TRIGGER voucher_post AFTER UPDATE OF state ON voucher
    FOR EACH ROW WHEN (NEW.state = 'CONFIRMED' AND OLD.state = 'SUBMITTED') EXECUTE FUNCTION voucher_post();

-- A unit's credit goes to its next bill, the oldest voucher's first; it was two persons' when the voucher was confirmed.
CREATE FUNCTION credit_apply() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    open_fen bigint := least(NEW.amount_fen, (SELECT credit_fen FROM unit WHERE account_id = NEW.account_id FOR UPDATE));
    source record;
BEGIN
    FOR source IN
        SELECT v.id, v.recorder, v.first_by, v.decided_by,
               sum(CASE WHEN t.credit_kind = 'CREDIT' THEN t.amount_fen ELSE -t.amount_fen END) AS rest_fen
          FROM voucher v JOIN transfer t ON t.voucher_id = v.id AND 'CREDIT' IN (t.credit_kind, t.debit_kind)
         WHERE v.account_id = NEW.account_id AND v.state = 'CONFIRMED' AND open_fen > 0
         GROUP BY v.id HAVING sum(CASE WHEN t.credit_kind = 'CREDIT' THEN t.amount_fen ELSE -t.amount_fen END) > 0
         ORDER BY v.id
    LOOP
        EXIT WHEN open_fen = 0;
        INSERT INTO transfer (debit_kind, debit_of, credit_kind, credit_of, amount_fen, voucher_id, recorder, approver)
        VALUES ('CREDIT', NEW.account_id, 'BILL', NEW.id, least(open_fen, source.rest_fen), source.id,
                CASE WHEN source.first_by IS NULL THEN source.recorder ELSE 'STAFF:' || source.first_by END,
                'STAFF:' || source.decided_by);
        open_fen := open_fen - least(open_fen, source.rest_fen);
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER credit_apply AFTER INSERT ON bill FOR EACH ROW EXECUTE FUNCTION credit_apply();
