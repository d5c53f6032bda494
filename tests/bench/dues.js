/* What the cases posting and statement of tests/bench/measure need: payments that wait, the same work for pgbench, a file. */
'use strict';

const VOUCHERS = 60000; // of each measurement
const UNIT = 6000000;
let first = 700000000; // the next measurement's first voucher

/* A unit of each connection that owes enough for its share of the payments, which somebody else entered; {first, each}. */
function seedVouchers(psql, connections) {
  const each = Math.floor(VOUCHERS / connections);
  psql(`SET search_path = payment; SET session_replication_role = replica;
    INSERT INTO unit (account_id, version, certified, unit_name, uscc, association_post, legal_person_name)
      SELECT ${UNIT} + c, 1, true, '长治市测量' || c || '公司', '', 'MEMBER', '' FROM generate_series(0, ${connections - 1}) AS c ON CONFLICT DO NOTHING;
    INSERT INTO bill (id, account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on) OVERRIDING SYSTEM VALUE
      SELECT ${UNIT} + c, ${UNIT} + c, 2026, 'MEMBER', '会员单位', 1000000000, 'HFB' || c, current_date FROM generate_series(0, ${connections - 1}) AS c ON CONFLICT DO NOTHING;
    INSERT INTO voucher (id, account_id, state, recorder, recorded_by_name, pay_method, paid_fen, paid_date, payer_name, bank_serial, remark, bill_ids,
                         receipt_info, submitted_at) OVERRIDING SYSTEM VALUE
      SELECT ${first} + n, ${UNIT} + n / ${each}, 'SUBMITTED', 'STAFF:0', '王录入', 'CASH', 100, current_date, '测量', '', '', ARRAY[${UNIT} + n / ${each}],
             '{"receipt_title":"测量","receipt_tax_id":""}', now() - interval '1 day' + n * interval '1 millisecond'
        FROM generate_series(0, ${connections * each - 1}) AS n;
    ANALYZE voucher; ANALYZE bill; ANALYZE unit; CHECKPOINT`);
  first += VOUCHERS;
  return { first: first - VOUCHERS, each };
}

/* The confirmation of one payment of one yuan, by the service's own statement; each client goes through its vouchers. */
function postScript(statementOf, today, seeded) {
  const values = {
    allocations: `('[{"bill_id":' || ${UNIT} + :client_id || ',"amount":"1.00"}]')`, verdict: "'CONFIRM'", confirmed_fen: '100', id: ':voucher', version: '1', caller_id: '1',
    received_date: `'${today}'`, reason_codes: "'{}'", bank_line_ids: "'{}'", evidence: "''", caller_name: "'bench'", message_to_payer: "''", internal_note: "''",
  };
  const sql = statementOf('services/payment/queries.sql', 'voucher_decide', values).replace(' SELECT * FROM answer;', `, kept AS (
      UPDATE idempotency SET answer = (SELECT jsonb_agg(to_jsonb(a)) FROM answer AS a) WHERE principal = 'PGBENCH:' || :client_id AND method = 'DecideVoucher' AND key = :key::text),
      audited AS (INSERT INTO audit (actor_kind, actor_id, session, action, object, request_id)
        SELECT 'STAFF', 1, '\\x00'::bytea, 'voucher.decided', id::text, 'bench' FROM answer) SELECT * FROM answer;`).replace(/\s+/g, ' ');
  return `\\set voucher ${seeded.first} + :client_id * ${seeded.each} + :n\n\\set n :n + 1\n\\set key random(1, 9000000000000000000)\n\\startpipeline\n` +
    `SELECT set_config('statement_timeout', '8000', true);\n` +
    `INSERT INTO idempotency (principal, key, method, body_hash) VALUES ('PGBENCH:' || :client_id, :key::text, 'DecideVoucher', '\\x00');\n${sql}\n\\endpipeline`;
}

/* A year's file: `count` lines of money that came in, no two alike. */
function statementOfYear(count, year) {
  const lines = ['交易日期,交易时间,凭证号,贷方发生额,余额,对方户名,对方账号,用途'];
  for (let n = 0; n < count; n++) {
    const day = new Date(Date.UTC(year, 0, 1 + n % 365)).toISOString().slice(0, 10);
    lines.push(`${day},10:${String(n % 60).padStart(2, '0')}:00,${year}${n},"2,000.00",1,长治市测量${n}公司,6222${n},会费HF${n}`);
  }
  return Buffer.from(lines.join('\n'));
}

module.exports = { UNIT, postScript, seedVouchers, statementOfYear };
