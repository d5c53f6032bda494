/* What the cases submit and queue of tests/bench/measure need: rows, and the same work for pgbench. */
'use strict';
const { newCreditCode } = require('../support/visitor.js');

const BENCH_ACCOUNT = 900000000; // of pgbench's clients
const QUEUED_ACCOUNT = 5000000; // of the cases that wait
const CASES = 100000;

const fileOf = (account) => `bench-${account}`;

/* A construction unit's form for each account, with the file that it names; as JSON. */
function seedForms(psql, accounts) {
  const forms = accounts.map((account) => JSON.stringify({ unit_name: '长治市测量公司', contact_name: '王测量', contact_phone: '18003551778',
    uscc: newCreditCode(), business_license_file: [fileOf(account)] }));
  const rows = accounts.map((account, i) => `(${account}, '${forms[i]}'::jsonb)`).join(',');
  psql(`SET search_path = certification;
    INSERT INTO attachment (id, account_id, purpose, file_name, content_type, size_bytes, content_hash)
      SELECT form -> 'business_license_file' ->> 0, account, 'business_license_file', '执照.png', 'image/png', 1, '\\x00' FROM (VALUES ${rows}) AS v(account, form)
      ON CONFLICT DO NOTHING;
    INSERT INTO draft (account_id, kind, version, form) SELECT account, 'OWNER_UNIT', 1, form FROM (VALUES ${rows}) AS v(account, form)
      ON CONFLICT (account_id, kind) DO UPDATE SET form = excluded.form`);
  return forms;
}

/* 100 000 cases that wait, of all four identities, handed in over a year. */
function seedQueue(psql) {
  psql(`SET search_path = certification; SET session_replication_role = replica;
    CREATE TEMP TABLE waiting AS SELECT ${QUEUED_ACCOUNT} + n AS account, (ARRAY['OWNER_UNIT', 'MEMBER_UNIT', 'EXPERT', 'NATURAL_PERSON'])[1 + n % 4] AS kind,
      now() - (${CASES} - n) * interval '5 minutes' AS at, n FROM generate_series(1, ${CASES}) AS n;
    INSERT INTO identity (account_id, kind, state, last_version) SELECT account, kind, 'PENDING', 1 FROM waiting;
    INSERT INTO submission (account_id, kind, version, application_no, form, submitted_at, expected_by)
      SELECT account, kind, 1, 'BENCH' || n, jsonb_build_object('unit_name', '长治市测量' || n || '公司', 'name', '王测量', 'uscc', 'BENCH' || n), at, at::date + 3 FROM waiting;
    INSERT INTO review (account_id, kind, version, is_change, submitted_at) SELECT account, kind, 1, false, at FROM waiting;
    ANALYZE identity; ANALYZE submission; ANALYZE review; CHECKPOINT`);
}

/* A statement that writes, with what the build adds to it, in a transaction of its own. */
function transaction(sql, method, action, account) {
  return `\\set key random(1, 9000000000000000000)\n\\startpipeline\nSELECT set_config('statement_timeout', '8000', true);\n` +
    `INSERT INTO idempotency (principal, key, method, body_hash) VALUES ('PGBENCH:' || :client_id, :key::text, '${method}', '\\x00');\n` +
    sql.replace(' SELECT * FROM answer;', `, kept AS (UPDATE idempotency SET answer = (SELECT jsonb_agg(to_jsonb(a)) FROM answer AS a)
      WHERE principal = 'PGBENCH:' || :client_id AND method = '${method}' AND key = :key::text),
      audited AS (INSERT INTO audit (actor_kind, actor_id, session, action, object, request_id)
        SELECT 'MEMBER', ${account}, '\\x00'::bytea, '${action}', application_no, 'bench' FROM answer) SELECT * FROM answer;`).replace(/\s+/g, ' ') +
    '\n\\endpipeline';
}

/* Handed in, and taken back. */
function submitScript(statementOf) {
  const account = `(:client_id + ${BENCH_ACCOUNT})::bigint`;
  const mine = `account_id = ${account} AND kind = 'OWNER_UNIT'`;
  const none = "'{}'";
  const submit = statementOf('services/certification/queries.sql', 'application_submit', { caller_id: account, kind: "'OWNER_UNIT'",
    form: `(SELECT form FROM draft WHERE ${mine})`, version: `(SELECT version FROM draft WHERE ${mine})`, id_number_index: "''",
    file_ids: `ARRAY['bench-' || ${account}]`, file_purposes: "ARRAY['business_license_file']", file_fields: "ARRAY['business_license_file']", code_fields: none, code_dictionaries: none, codes: none, acknowledged: none });
  const withdraw = statementOf('services/certification/queries.sql', 'application_withdraw', { caller_id: account, kind: "'OWNER_UNIT'",
    submission_version: `(SELECT last_version FROM identity WHERE ${mine})` });
  return `${transaction(submit, 'SubmitApplication', 'application.submitted', account)}\n` +
    transaction(withdraw, 'WithdrawApplication', 'application.withdrawn', account);
}

/* The second page of all that wait of one identity, oldest first, and how many there are. */
function queueScript(statementOf, cursor) {
  const [place, id] = cursor.split('.');
  const values = { caller_id: '1', caller_permissions: "'{cert.owner.review,cert.member.review,cert.expert.review,cert.person.review}'", kind: "'MEMBER_UNIT'",
    view: "'OPEN'", q: "''", q_like: "'%%'", cursor_place: place, cursor_id: id, page_size: '20' };
  const text = ['review_total', 'review_list_oldest'].map((name) => statementOf('services/certification/queries_review.sql', name, values));
  return `\\startpipeline\n${text.join('\n')}\n\\endpipeline`;
}

module.exports = { BENCH_ACCOUNT, CASES, queueScript, seedForms, seedQueue, submitScript };
