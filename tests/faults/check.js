#!/usr/bin/env node
/* The checker of the campaign: compares what the load meant and was told with what the database, the stored attachments
   and the sent text messages say, at a moment when nothing is under way.

   tests/faults/check.js FILE     a JSON object: {log, database, attachments, keyring, sms, blobs, logs, before}

   `before`, if it is there, are statements that are run first and taken back at the end: a planted mistake.

   Prints {breaches: [{kind, text}], figures: {…}}; the exit status is 1 if there is a breach. Kinds: lost, duplicate,
   phantom, refused_but_done, order, ledger, review, event_lost, event_duplicate, sms, blob, code, session, audit, late. */
'use strict';
const fs = require('node:fs');
const { execFileSync } = require('node:child_process');
const { begunLate } = require('../support/calls.js');
const { readIntents } = require('./intents.js');
const { checkMoney, moneyTold } = require('./money.js');

/* A request may be so late on its way and be begun all the same: a broken connection counts as well for 1.5 s (PEER_DEAD_MS), and
   a process that stands still for 0.4 s (PEER_AWAY_MS) has not stood still. */
const LATE_MS = 2000;
const keyedOps = {
  save: 'certification', submit: 'certification', withdraw: 'certification', release: 'certification',
  decide: 'certification', upload: 'certification',
  ...Object.fromEntries(['payment-upload', 'record', 'take', 'pay', 'withdraw-voucher', 'confirm', 'import', 'take-back', 'ignore', 'restore', 'split', 'let-go',
    'propose', 'settle', 'pay-back', 'open', 'issue', 'return', 'correct', 'void', 'ask-reissue', 'decline'].map((op) => [op, 'payment'])),
  register: 'auth', password: 'auth', 'staff-password': 'auth',
};
const tables = {
  account: 'SELECT * FROM auth.account',
  consent: 'SELECT account_id, count(*) AS given FROM auth.consent GROUP BY 1',
  used_code: 'SELECT count(*) AS used FROM auth.used_code',
  auth_kept: 'SELECT principal, key, method, answer FROM auth.idempotency',
  auth_audit: 'SELECT * FROM auth.audit ORDER BY id',
  auth_event: 'SELECT * FROM auth.outbox',
  transition: 'SELECT * FROM certification.transition',
  identity: 'SELECT * FROM certification.identity',
  draft: 'SELECT * FROM certification.draft',
  submission: 'SELECT * FROM certification.submission ORDER BY version',
  review: 'SELECT * FROM certification.review ORDER BY version',
  attachment: 'SELECT id, account_id, size_bytes, content_hash FROM certification.attachment',
  certification_kept: 'SELECT principal, key, method, answer FROM certification.idempotency',
  certification_audit: 'SELECT * FROM certification.audit ORDER BY id',
  certification_event: 'SELECT * FROM certification.outbox',
  voucher: 'SELECT * FROM payment.voucher',
  transfer: 'SELECT * FROM payment.transfer',
  receipt: 'SELECT * FROM payment.receipt',
  bill: 'SELECT * FROM payment.bill',
  unit: 'SELECT account_id, credit_fen FROM payment.unit',
  proposal: 'SELECT * FROM payment.proposal',
  statement: 'SELECT * FROM payment.statement',
  statement_line: 'SELECT * FROM payment.statement_line',
  statement_undo: 'SELECT * FROM payment.statement_undo',
  membership: 'SELECT * FROM payment.membership',
  term: 'SELECT * FROM payment.term',
  ledger: 'SELECT * FROM payment.ledger_differences()',
  payment_attachment: 'SELECT id, account_id, size_bytes, content_hash FROM payment.attachment',
  payment_kept: 'SELECT principal, key, method, answer FROM payment.idempotency',
  payment_event: 'SELECT * FROM payment.outbox',
  inbox: 'SELECT * FROM notification.inbox',
  message: 'SELECT * FROM notification.message',
  template: "SELECT code, sms_text FROM notification.template WHERE sms_text <> ''",
  delivery: 'SELECT id, template, address AS phone, is_code, state, attempts, repeated FROM notification.delivery WHERE channel = $$SMS$$',
};

/* All tables as they were at one moment. */
function readTables({ database, before }) {
  const selects = Object.entries(tables)
    .map(([name, text]) => `SELECT '${name} ' || row_to_json(t) FROM (${text}) AS t;`);
  const told = execFileSync('psql', ['-XqAt', '-v', 'ON_ERROR_STOP=1', '-d', database], {
    input: `BEGIN ISOLATION LEVEL REPEATABLE READ;\n${before ?? 'SET TRANSACTION READ ONLY;'}\n${selects.join('\n')}\nROLLBACK;\n`,
    encoding: 'utf8', maxBuffer: 1 << 30,
  });
  const rows = Object.fromEntries(Object.keys(tables).map((name) => [name, []]));
  for (const line of told.split('\n').filter(Boolean)) {
    const end = line.indexOf(' ');
    rows[line.slice(0, end)].push(JSON.parse(line.slice(end + 1)));
  }
  return rows;
}

function groupBy(list, keyOf) {
  const groups = new Map();
  for (const one of list) {
    const key = keyOf(one);
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(one);
  }
  return groups;
}

const isNone = (answer) => answer.status === 0 || answer.status >= 500;
const isGood = (answer) => answer.status >= 200 && answer.status < 300;
/* Of all times that it went out but the last, nothing is known. */
const lostSends = (answer) => (answer.sends ?? 1) - 1;
/* Such an answer, or none, leaves open whether it was done. 503 does not: it says that nothing was. */
const isOpen = (answer) => answer.status === 0 || (answer.status >= 500 && answer.status !== 503);
const numberIn = (text) => Number(/第(\d+)号/.exec(text ?? '')?.[1] ?? 0);
/* How often an operation was done at the least, and at the most. */
const leastOf = (intents) => intents.filter((one) => one.good).length;
const mostOf = (intents) => intents.flatMap((one) => one.answers)
  .reduce((sum, answer) => sum + lostSends(answer) + (isGood(answer) || isOpen(answer) ? 1 : 0), 0);
const place = (row) => `account ${row.account_id}, version ${row.version}`;

class Checker {
  breaches = [];

  constructor(setting) {
    this.setting = setting;
    Object.assign(this, readIntents(setting.log));
    this.rows = readTables(setting);
    for (const intent of this.intents) {
      intent.good = intent.answers.find(isGood);
      intent.open = intent.answers.length === 0 || intent.answers.some((answer) => isOpen(answer) || lostSends(answer) > 0);
    }
    this.byNumber = new Map(this.intents.map((one) => [one.n, one]));
  }

  breach(kind, text) {
    this.breaches.push({ kind, text });
  }

  expect(holds, kind, text) {
    if (!holds) this.breach(kind, text);
  }

  /* As many as there must be: fewer are lost, more are double. */
  count(found, wanted, what, kinds = ['lost', 'duplicate']) {
    if (found !== wanted) this.breach(kinds[found < wanted ? 0 : 1], `${what}: ${found} instead of ${wanted}`);
  }

  of(...ops) {
    return this.intents.filter((one) => ops.includes(one.op));
  }

  // ---- every write under a key, by the row that is kept with it

  keyedWrites() {
    for (const service of ['auth', 'certification', 'payment']) {
      const done = this.rows[`${service}_kept`].filter((row) => row.answer?.length > 0); // empty: it was refused
      const kept = groupBy(done, (row) => `${row.principal} ${row.key}`);
      const meant = new Map(this.intents.filter((one) => keyedOps[one.op] === service)
        .map((one) => [`${one.who} ${one.key}`, one]));
      for (const [key, intent] of meant) this.keyedWrite(intent, kept.get(key) ?? []);
      for (const [key, rows] of kept)
        this.expect(meant.has(key), 'phantom', `${rows[0].method} of ${key} was done and nobody meant it`);
    }
  }

  keyedWrite(intent, rows) {
    const name = `${intent.op} ${intent.n} of ${intent.who}`;
    intent.done = rows.length > 0;
    intent.kept = rows[0]?.answer[0];
    if (intent.good) {
      this.count(rows.length, 1, `${name} was acknowledged and is kept`);
      const kept = rows[0]?.answer[0] ?? {};
      for (const [field, told] of Object.entries(intent.good.body))
        if (told !== undefined && field in kept)
          this.expect(String(kept[field]) === String(told), 'order',
            `${name}: ${field} ${told} was acknowledged, ${kept[field]} is kept`);
    } else {
      this.expect(intent.open || rows.length === 0, 'refused_but_done', `${name} was refused each time, and was done`);
    }
  }

  // ---- accounts

  accounts() {
    const meant = groupBy(this.of('register'), (one) => one.phone);
    const byPhone = groupBy(this.rows.account, (row) => row.phone);
    for (const [phone, rows] of byPhone) {
      this.expect(meant.has(phone), 'phantom', `nobody meant to register the account of ${phone}`);
      this.count(rows.length, 1, `accounts of ${phone}`);
    }
    for (const [phone, intents] of meant)
      if (intents.some((one) => one.good))
        this.count(byPhone.get(phone)?.length ?? 0, 1, `the registered account of ${phone}`);
    const consents = new Map(this.rows.consent.map((row) => [row.account_id, row.given]));
    const changes = groupBy(this.of('password').filter((one) => one.done), (one) => one.account);
    for (const account of this.rows.account) {
      this.count(consents.get(account.id) ?? 0, 2, `consents of account ${account.id}`);
      this.count(account.session_epoch, 1 + (changes.get(account.id)?.length ?? 0), `epoch of account ${account.id}`);
    }
  }

  codes() {
    const logIns = this.rows.auth_audit.filter((row) => row.action === 'session.code').length;
    const effects = this.rows.account.length + logIns;
    this.expect(this.rows.used_code[0].used === effects, 'code',
      `${this.rows.used_code[0].used} codes are used, ${effects} things were done with a code`);
    for (const intent of this.of('reuse'))
      this.expect(!intent.good, 'code', `the used code of ${intent.phone} was taken again (${intent.n})`);
  }

  endedSessions() {
    for (const session of this.sessions)
      for (const probe of session.probes)
        this.expect(!(isGood(probe) && probe.at > session.at + 2000), 'session',
          `a session of ${session.who} lives ${probe.at - session.at} ms after its end`);
  }

  // ---- applications

  drafts() {
    const saves = groupBy(this.of('save').filter((one) => one.done), (one) => one.account);
    const withdrawn = groupBy(this.rows.review.filter((row) => row.state === 'CANCELLED'), (row) => row.account_id);
    const kept = new Map(this.rows.certification_kept.map((row) => [row.key, row.answer?.[0]]));
    for (const draft of this.rows.draft) {
      const mine = saves.get(draft.account_id) ?? [];
      const versions = mine.map((one) => kept.get(one.key)?.version);
      const name = `draft of account ${draft.account_id}`;
      this.count(new Set(versions).size, versions.length, `versions of the ${name}, each once`);
      const withdrawals = withdrawn.get(draft.account_id)?.length ?? 0;
      const submissions = this.rows.submission.filter((row) => row.account_id === draft.account_id && row.kind === draft.kind).length;
      this.count(draft.version, versions.length + submissions + withdrawals, `version of the ${name}`);
      for (const version of versions)
        this.expect(version <= draft.version, 'order', `the ${name} lost version ${version}`);
      this.draftText(draft, name);
    }
    for (const [account] of saves)
      this.expect(this.rows.draft.some((row) => row.account_id === account), 'lost', `the draft of account ${account}`);
  }

  /* The text is that of a save or submission that was done, and none was done after it. */
  draftText(draft, name) {
    const writes = this.of('save', 'submit').filter((one) => one.account === draft.account_id && one.done);
    const author = this.byNumber.get(numberIn(draft.form.unit_name));
    this.expect(writes.includes(author), 'phantom', `the ${name} has a text that nobody saved`);
    this.expect(author === writes.at(-1), 'lost',
      `the ${name} has the text of ${author?.n}, not of ${writes.at(-1)?.n}`);
  }

  submissions() {
    const byAuthor = groupBy(this.rows.submission, (row) => numberIn(row.form.unit_name));
    for (const intent of this.of('submit')) {
      const rows = byAuthor.get(intent.n) ?? [];
      const name = `submission ${intent.n} of account ${intent.account}`;
      this.count(rows.length, intent.done ? 1 : 0, name);
      if (intent.good && rows[0])
        this.expect(rows[0].application_no === intent.good.body.application_no &&
          rows[0].version === intent.good.body.submission_version, 'order',
        `${name} is not the one that was acknowledged`);
    }
    for (const [n, rows] of byAuthor) {
      const author = this.byNumber.get(n);
      this.expect(author?.op === 'submit' && author.account === rows[0].account_id, 'phantom',
        `nobody meant the submission of ${place(rows[0])}`);
    }
    for (const [account, rows] of groupBy(this.rows.submission, (row) => row.account_id))
      this.expect(rows.every((row, index) => row.version === index + 1), 'order',
        `submissions of account ${account} have the versions ${rows.map((row) => row.version)}`);
  }

  // ---- reviews

  reviews() {
    const reviews = groupBy(this.rows.review, place);
    const submissions = new Map(this.rows.submission.map((row) => [place(row), row]));
    for (const [key] of submissions) this.count(reviews.get(key)?.length ?? 0, 1, `reviews of ${key}`);
    const decisions = groupBy(this.of('decide').filter((one) => one.done), (one) => one.review);
    const byId = new Map(this.rows.review.map((row) => [row.id, row]));
    for (const [id, list] of decisions)
      this.expect(byId.has(id), 'lost', `review ${id}, decided by ${list[0].n}, is gone`);
    for (const review of this.rows.review)
      this.review(review, submissions.get(place(review)), decisions.get(review.id) ?? []);
  }

  review(review, submission, decisions) {
    const name = `review ${review.id} (${place(review)})`;
    const isDecided = ['APPROVED', 'REJECTED'].includes(review.state);
    this.expect(submission !== undefined, 'review', `${name} is of a version that was never handed in`);
    this.count(decisions.length, isDecided ? 1 : 0, `decisions of ${name}`);
    const [by] = decisions;
    if (!isDecided || !by) return;
    const state = by.verdict === 'APPROVE' ? 'APPROVED' : 'REJECTED';
    this.expect(review.state === state && review.decided_by === by.account &&
      numberIn(review.message_to_applicant) === by.n, 'review', `${name} is not as ${by.n} decided it`);
    this.expect(review.version === by.version && submission?.form.unit_name === by.read, 'review',
      `${name} was decided on another version than was read`);
  }

  /* Each identity is led along its submissions; each review along its acts in the audit. */
  histories() {
    const allowed = new Set(this.rows.transition.map((row) => `${row.machine} ${row.from_state}>${row.to_state}`));
    const step = (machine, from, to, name) =>
      this.expect(from === to || allowed.has(`${machine} ${from}>${to}`), 'order',
        `${name} went from "${from}" to "${to}"`);
    const reviews = groupBy(this.rows.review, (row) => row.account_id);
    for (const identity of this.rows.identity)
      this.identityHistory(identity, reviews.get(identity.account_id) ?? [], step);
    const acts = groupBy(this.rows.certification_audit, (row) => row.object);
    for (const review of this.rows.review) this.reviewHistory(review, acts.get(String(review.id)) ?? [], step);
  }

  reviewHistory(review, acts, step) {
    const states = { 'review.claimed': 'CLAIMED', 'review.released': 'QUEUED', 'review.decided': review.state };
    const path = ['', 'QUEUED', ...acts.map((act) => states[act.action]).filter(Boolean)];
    if (review.state === 'CANCELLED') path.push('CANCELLED');
    for (let i = 1; i < path.length; i++) step('review', path[i - 1], path[i], `review ${review.id}`);
    this.expect(path.at(-1) === review.state, 'order',
      `review ${review.id} is ${review.state}, its acts say ${path.at(-1)}`);
  }

  identityHistory(identity, reviews, step) {
    const name = `identity of account ${identity.account_id}`;
    let state = '';
    let inForce = null;
    const go = (to) => {
      step('identity', state, to, name);
      state = to;
    };
    for (const review of reviews) {
      go(inForce === null ? 'PENDING' : 'APPROVED_PENDING');
      if (review.state === 'APPROVED') inForce = review.version;
      if (review.state === 'APPROVED') go('APPROVED');
      if (review.state === 'REJECTED') go(inForce === null ? 'REJECTED' : 'APPROVED_REJECTED');
      if (review.state === 'CANCELLED') go(inForce === null ? 'NONE' : 'APPROVED');
    }
    const { state: found, in_force_version: version } = identity;
    this.expect(found === state && version === inForce, 'order',
      `the ${name} is ${found} with version ${version} in force, its history says ${state} with ${inForce}`);
    this.count(identity.last_version, reviews.length, `last version of the ${name}`);
  }

  // ---- what staff did stands in the audit

  audit() {
    const count = (rows, action) => groupBy(rows.filter((row) => row.action === action), (row) => row.object);
    const { certification_audit: acts, auth_audit: logins } = this.rows;
    const decided = count(acts, 'review.decided');
    const submitted = count(acts, 'application.submitted');
    const kinds = ['audit', 'audit'];
    for (const review of this.rows.review) {
      const rows = decided.get(String(review.id)) ?? [];
      const isDecided = ['APPROVED', 'REJECTED'].includes(review.state);
      this.count(rows.length, isDecided ? 1 : 0, `audit rows of the decision of review ${review.id}`, kinds);
      this.expect(rows.every((row) => row.actor_id === review.decided_by), 'audit',
        `the audit names another for review ${review.id}`);
    }
    for (const row of this.rows.submission)
      this.count(submitted.get(row.application_no)?.length ?? 0, 1,
        `audit rows of submission ${row.application_no}`, kinds);
    this.count([...count(acts, 'application.withdrawn').values()].flat().length,
      this.rows.review.filter((row) => row.state === 'CANCELLED').length, 'audit rows of withdrawals', kinds);
    const registered = count(logins, 'account.registered');
    for (const row of this.rows.account)
      this.count(registered.get(String(row.id))?.length ?? 0, 1, `audit rows of the registration of ${row.id}`, kinds);
    this.auditOfClaims(acts);
  }

  auditOfClaims(acts) {
    for (const [op, action] of [['claim', 'review.claimed'], ['release', 'review.released']]) {
      const rows = groupBy(acts.filter((row) => row.action === action), (row) => `${row.object} ${row.actor_id}`);
      for (const [key, intents] of groupBy(this.of(op), (one) => `${one.review} ${one.account}`)) {
        const [least, most] = [leastOf(intents), mostOf(intents)];
        const found = rows.get(key)?.length ?? 0;
        this.expect(found >= least && found <= most, 'audit',
          `${found} audit rows of ${action} ${key}: ${least} to ${most} must be`);
      }
    }
  }

  // ---- events: told once, applied once

  events() {
    const kinds = ['event_lost', 'event_duplicate'];
    const events = groupBy([...this.rows.auth_event, ...this.rows.certification_event, ...this.rows.payment_event], (row) => row.event);
    const told = (name) => events.get(name) ?? [];
    const once = (name, keyOf, wanted) => {
      const found = groupBy(told(name), keyOf);
      for (const key of wanted) this.count(found.get(key)?.length ?? 0, 1, `events ${name} of ${key}`, kinds);
      const causes = new Set(wanted);
      for (const [key] of found)
        this.expect(causes.has(key), 'phantom', `event ${name} of ${key} tells of nothing`);
    };
    const ofState = (state) => this.rows.review.filter((row) => row.state === state).map((row) => row.id);
    once('account.registered', (row) => row.payload.account_id, this.rows.account.map((row) => row.id));
    once('application.submitted', (row) => row.payload.application_no,
      this.rows.submission.map((row) => row.application_no));
    once('application.approved', (row) => row.payload.review_id, ofState('APPROVED'));
    once('application.rejected', (row) => row.payload.review_id, ofState('REJECTED'));
    once('application.withdrawn', (row) => row.payload.review_id, ofState('CANCELLED'));
    const vouchers = (...states) => this.rows.voucher.filter((row) => states.includes(row.state)).map((row) => row.id);
    once('voucher.confirmed', (row) => row.payload.voucher_id, vouchers('CONFIRMED', 'REVERSED'));
    once('voucher.rejected', (row) => row.payload.voucher_id, vouchers('REJECTED'));
    for (const [event, wanted] of Object.entries(moneyTold(this))) this.count(told(event).length, wanted, `events ${event}`, kinds);
    this.count(told('account.password_changed').length, this.of('password').filter((one) => one.done).length,
      'events account.password_changed', kinds);
    this.eventsApplied(kinds);
    this.messages(kinds, told);
  }

  eventsApplied(kinds) {
    const applied = groupBy(this.rows.inbox, (row) => `${row.source} ${row.event_id}`);
    for (const source of ['auth', 'certification', 'payment'])
      for (const event of this.rows[`${source}_event`]) {
        const key = `${source} ${event.id}`;
        this.expect(event.delivered_at !== null, 'event_lost', `event ${key} (${event.event}) was never delivered`);
        this.count(applied.get(key)?.length ?? 0, 1, `event ${key} (${event.event}) applied`, kinds);
        applied.delete(key);
      }
    for (const [key] of applied) this.breach('phantom', `event ${key} was applied, and nobody told it`);
  }

  messages(kinds, told) {
    const messages = groupBy(this.rows.message, (row) => row.template);
    const deliveries = groupBy(this.rows.delivery, (row) => row.template);
    for (const [template, event, hasSms] of [
      ['N2', 'account.registered', false], ['N3', 'application.submitted', true], ['N4', 'application.approved', true],
      ['N5', 'application.rejected', true], ['N24', 'account.password_changed', true], ['N8', 'voucher.confirmed', true],
      ['N9', 'voucher.rejected', true], ['N44', 'voucher.reversed', true], ['N48', 'refund.paid', true], ['N46', 'bill.waived', false],
    ]) {
      const found = groupBy(messages.get(template) ?? [], (row) => row.account_id);
      for (const [account, events] of groupBy(told(event), (row) => row.payload.account_id))
        this.count(found.get(account)?.length ?? 0, events.length, `messages ${template} to account ${account}`, kinds);
      const [sent, wanted] = [deliveries.get(template)?.length ?? 0, told(event).length];
      if (hasSms) this.count(sent, wanted, `deliveries ${template}`, kinds);
    }
    this.count(messages.get('N20')?.length ?? 0, told('application.submitted').length,
      'messages N20 to reviewers', kinds);
    this.count(deliveries.get('N1')?.length ?? 0, told('code.requested').length, 'deliveries N1', kinds);
  }

  // ---- text messages: at least one, and one more at most for a notice whose sender could not know; never for a code

  textMessages() {
    const lines = fs.readFileSync(this.setting.sms, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line));
    const shapes = this.rows.template.map(({ code, sms_text }) =>
      [code, new RegExp(`^${sms_text.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '.*')}$`, 's')]);
    const kind = (text) => shapes.find(([, shape]) => shape.test(text))?.[0] ?? '';
    const sent = groupBy(lines, (line) => `${kind(line.text)} to ${line.phone}`);
    const due = groupBy(this.rows.delivery, (row) => `${row.template} to ${row.phone}`);
    this.smsTwice = 0;
    for (const [key, rows] of due) {
      const found = sent.get(key)?.length ?? 0;
      const least = rows.filter((row) => row.state === 'SENT').length;
      const most = rows.filter((row) => row.attempts > 0).length + rows.filter((row) => row.repeated && !row.is_code).length;
      this.expect(found >= least && found <= most, 'sms', `${found} SMS ${key}: ${least} to ${most} must be`);
      this.smsTwice += Math.max(found - rows.length, 0);
    }
    for (const [key] of sent) this.expect(due.has(key), 'phantom', `SMS ${key} was sent without a cause`);
    for (const row of this.rows.delivery) // one that two crashes left half-way is given up: perhaps it was sent
      this.expect(row.is_code || row.state === 'SENT' || (row.state === 'FAILED' && row.repeated), 'sms',
        `notice ${row.id} (${row.template}) stays ${row.state} after ${row.attempts} attempts`);
  }

  // ---- attachments

  attachments() {
    const byId = new Map(this.rows.attachment.map((row) => [row.id, row]));
    for (const intent of this.of('upload').filter((one) => one.good))
      this.expect(byId.get(intent.good.body.id)?.account_id === intent.account, 'lost',
        `attachment of upload ${intent.n} of account ${intent.account}`);
    const meant = groupBy(this.of('upload').filter((one) => one.done), (one) => one.account);
    for (const [account, rows] of groupBy(this.rows.attachment, (row) => row.account_id)) {
      const sent = meant.get(account)?.length ?? 0; // each once, however often it was repeated
      this.expect(rows.length === sent, 'phantom', `account ${account} has ${rows.length} attachments, it sent ${sent}`);
    }
    const kept = new Map(this.rows.payment_attachment.map((row) => [row.id, row]));
    for (const intent of this.of('payment-upload').filter((one) => one.good))
      this.expect(kept.get(intent.good.body.id)?.account_id === intent.account, 'lost', `file of upload ${intent.n} of account ${intent.account}`);
    const list = [...this.rows.attachment, ...this.rows.payment_attachment]
      .map((row) => `${row.id} ${row.account_id} ${row.size_bytes} ${row.content_hash.slice(2)}\n`).join('');
    const { blobs, attachments, keyring } = this.setting;
    const wrong = execFileSync(blobs, [attachments, keyring], { input: list, encoding: 'utf8' });
    for (const line of wrong.split('\n').filter(Boolean)) this.breach('blob', `attachment ${line}`);
    for (const row of this.rows.submission)
      for (const id of row.form.business_license_file)
        this.expect(byId.has(id), 'blob', `the submission of ${place(row)} names an attachment that is not there`);
  }

  // ---- nothing begins when nobody waits for it any more

  begunInTime() {
    const { judged, late } = begunLate(this.setting.logs, LATE_MS);
    this.callsJudged = judged;
    for (const { program, method, request_id: id, ms } of late)
      this.breach('late', `${program} began ${method} of request ${id} ${ms.toFixed(0)} ms after its deadline`);
  }

  run() {
    for (const text of this.breaches.splice(0)) this.breach('order', text); // of the load itself
    this.keyedWrites();
    this.accounts();
    this.codes();
    this.endedSessions();
    this.drafts();
    this.submissions();
    this.reviews();
    this.histories();
    this.audit();
    this.events();
    this.textMessages();
    this.attachments();
    this.begunInTime();
    checkMoney(this);
  }

  figures() {
    const writes = this.intents.filter((one) => one.op !== 'reuse');
    return {
      writes: writes.length,
      acknowledged: writes.filter((one) => one.good).length,
      unanswered: writes.filter((one) => !one.good && one.answers.every(isNone)).length,
      failed: writes.filter((one) => !one.good && !one.answers.every(isNone)).length,
      attempts: writes.reduce((sum, one) => sum + one.answers.length, 0),
      repeated: writes.filter((one) => one.answers.length > 1).length,
      events: this.rows.auth_event.length + this.rows.certification_event.length + this.rows.payment_event.length,
      probes_of_ended_sessions: this.sessions.reduce((sum, one) => sum + one.probes.length, 0),
      attachments: this.rows.attachment.length,
      postings: this.rows.transfer.length,
      ledger_delta: this.rows.ledger.reduce((sum, row) => sum + Math.abs(row.found_fen - row.expected_fen), 0),
      sms_twice: this.smsTwice,
      calls_judged: this.callsJudged,
    };
  }
}

const checker = new Checker(JSON.parse(fs.readFileSync(process.argv[2], 'utf8')));
checker.run();
console.log(JSON.stringify({ breaches: checker.breaches, figures: checker.figures() }));
process.exit(checker.breaches.length > 0 ? 1 : 0);
