/* Makes the demonstration set over HTTP: each person registers with a code from the SMS folder, uploads rendered papers,
   fills in a form and hands it in; two secretaries decide; certified units pay their dues (dues.js). See deploy/demo/seed, which starts it. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { createHash, randomUUID } = require('node:crypto');
const { parseArgs } = require('node:util');
const { documents } = require('../association.json');
const { Browser } = require('./browser.js');
const { dayBefore, makeDues } = require('./dues.js');
const { changeOf, endingOn, formOf, personOf } = require('./people.js');
const { picture } = require('./pictures.js');

const { values: options } = parseArgs({
  options: {
    url: { type: 'string' }, data: { type: 'string' }, accounts: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' }, only: { type: 'string' },
  },
});
const password = process.env.GUILD_DEMO_PASSWORD;
const together = 6; // people at a time: more of them would wait for each other's password hashes

/* Of fifty people of an identity. DRAFT is NONE with a form begun. */
const shares = {
  NONE: 2, DRAFT: 4, PENDING: 13, REVOKED: 2, APPROVED: 14, EXPIRED: 2, APPROVED_PENDING: 5, REJECTED: 5, APPROVED_REJECTED: 3,
};
const plan = Object.entries(shares).filter(([state]) => options.only?.split(',').includes(state) ?? true)
  .flatMap(([state, count]) => Array(count).fill(state));
const step = [7, 11, 13].find((one) => plan.length % one !== 0); // no common divisor: the states come mixed

/* The state that person n shall reach. */
const wanted = (n) => plan[(Math.floor(n / 4) * step) % plan.length];

/* Which identity person n has. */
const kindOf = (n) => personOf(Number(options.seed), n).kind;

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/* Asks again, with the same key, while the platform has too much to do, and where nobody knows what became of it. */
class Visitor extends Browser {
  async send(method, target, content) {
    const headers = { 'Idempotency-Key': randomUUID() };
    for (const end = Date.now() + 30000; ; await pause(500)) {
      const answer = await super.send(method, target, { headers, ...content }).catch((error) => {
        if (error.code !== 'ECONNRESET' || Date.now() > end) throw error;
        return { status: 503 };
      });
      if (![503, 504].includes(answer.status) || Date.now() > end) return answer;
    }
  }
}

const ctl = (...words) => execFileSync(path.join(__dirname, '../ctl'), ['--data', options.data, ...words], { encoding: 'utf8' });

// ---- the office

const staff = [
  ['demo-secretary', '张秘书', 'secretary'], ['demo-second', '李秘书', 'secretary'], ['demo-reviewer', '王审核', 'reviewer'],
  ['demo-finance', '赵会计', 'finance'], ['demo-invoicing', '钱出纳', 'invoicing'],
];

/* The one-time password of a new member of staff; it is told once, and kept until it is changed, for whom an interruption comes
   between the two. */
function oncePassword([login, name, role], kept) {
  if (fs.existsSync(kept)) return fs.readFileSync(kept, 'utf8');
  const told = ctl('staff', 'create', '--login', login, '--name', name, '--role', role);
  const once = /^password\s+(\S+)/m.exec(told)[1];
  fs.writeFileSync(kept, once, { mode: 0o600 });
  return once;
}

/* A member of staff, logged in; made where he is not there yet. */
async function clerkOf(who) {
  const [login] = who;
  const clerk = new Visitor(options.url);
  const known = await clerk.send('POST', '/api/v1/staff/sessions', { json: { login, password } });
  if (known.status === 200) return clerk;
  const kept = path.join(options.data, 'secrets', `demo-once-${login}`);
  const once = oncePassword(who, kept);
  await clerk.post('/api/v1/staff/sessions', { login, password: once });
  await clerk.put('/api/v1/staff/me/password', { old_password: once, new_password: password, new_password_confirm: password });
  fs.rmSync(kept);
  return clerk;
}

/* Where the policy asks for two people, the answer after the first is QUEUED still; who comes after an interruption may be the second. */
async function decide(clerks, applicationNo, verdict) {
  const { reviews: [review] } = await clerks[0].get(`/api/v1/staff/reviews?view=OPEN&q=${applicationNo}`);
  const target = `/api/v1/staff/reviews/${review.id}`;
  for (const clerk of review.first_approved_by_name ? clerks.slice(1) : clerks) {
    await clerk.post(`${target}/claim`);
    const acknowledged = (await clerk.get(target)).prechecks.map(({ code }) => code).filter(Boolean);
    const answer = await clerk.post(`${target}/decision`, { submission_version: review.submission_version, acknowledged, ...verdict });
    if (answer.state !== 'QUEUED') return;
  }
}

/* One asks, unless an earlier run did; another agrees. */
async function revoke([first, second], applicationNo) {
  const { reviews: [{ id }] } = await first.get(`/api/v1/staff/reviews?view=DECIDED&q=${applicationNo}`);
  await first.send('POST', `/api/v1/staff/reviews/${id}/revocation`, { json: { reason: '证照已注销，不再符合条件（演示）' } });
  const { revocations } = await second.get('/api/v1/staff/revocations');
  await second.post(`/api/v1/staff/revocations/${revocations.find(({ review_id }) => review_id === id).id}/decision`, { verdict: 'CONFIRM' });
}

/* 证照到期: identities end with their papers. */
async function endWithPapers(clerk) {
  const { policies } = await clerk.get('/api/v1/staff/expiry-policies');
  for (const { kind, version } of policies.filter(({ ends }) => !ends))
    await clerk.put(`/api/v1/staff/expiry-policies/${kind}`, { ends: true, version });
}

// ---- a person

/* The codes that went to a phone, the newest last. */
function codesSentTo(phone) {
  const file = path.join(options.data, 'sms/sms.jsonl');
  const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : [];
  return lines.filter((line) => line.includes(phone) && line.endsWith('}'))
    .map((line) => /\b\d{6}\b/.exec(JSON.parse(line).text)?.[0]).filter(Boolean);
}

/* A code for a new person. Within a minute of the last one none is sent: an interrupted run's is still good, because the nonce
   is the same. */
async function codeFor(browser, phone) {
  const before = codesSentTo(phone).length;
  const reply = await browser.post('/api/v1/codes', { phone, purpose: 'REGISTER', nonce: browser.nonce });
  const known = reply.resend_after_s < 60 ? 0 : before;
  for (const end = Date.now() + 20000; Date.now() < end; await pause(50)) {
    const codes = codesSentTo(phone);
    if (codes.length > known) return codes.at(-1);
  }
  throw new Error(`no SMS with a code to ${phone} within 20 s`);
}

/* Logged in; registered where that was not done by an earlier run. */
async function enter({ phone }) {
  const browser = new Visitor(options.url);
  const known = await browser.send('POST', '/api/v1/sessions', { json: { phone, password } });
  if (known.status === 200) return browser;
  browser.nonce = createHash('sha256').update(phone + password).digest('hex').slice(0, 32);
  await browser.post('/api/v1/accounts', {
    phone, password, password_confirm: password, sms_code: await codeFor(browser, phone), nonce: browser.nonce,
    terms_version: documents.terms_version, privacy_version: documents.privacy_version,
  });
  return browser;
}

async function upload(browser, purpose, [template, words]) {
  const name = { licence: '营业执照', certificate: '证书', 'id-card-front': '身份证人像面', 'id-card-back': '身份证国徽面' }[template];
  const target = `/api/v1/attachments?purpose=${purpose}&file_name=${encodeURIComponent(`${name}.png`)}`;
  const bytes = await picture(template, words);
  return (await browser.expect(200, 'POST', target, { bytes, type: 'image/png' })).id;
}

/* The form with ids in place of its papers, those of rows too. */
async function withFiles(browser, form) {
  const filled = {};
  for (const [field, value] of Object.entries(form)) {
    if (field.endsWith('_files') || field.endsWith('_file')) {
      filled[field] = [];
      for (const file of value) filled[field].push(await upload(browser, field, file));
    } else if (Array.isArray(value) && typeof value[0] === 'object') {
      filled[field] = [];
      for (const row of value) filled[field].push(await withFiles(browser, row));
    } else filled[field] = value;
  }
  return filled;
}

/* As the page asks before the form. */
async function agree(browser, scope) {
  const { version, text_hash } = await browser.get(`/api/v1/consents/${scope}`);
  await browser.post('/api/v1/consents', { scope, version, text_hash, agreed: true });
}

async function handIn(browser, target, name, form) {
  const { draft } = await browser.get(target);
  const saved = await browser.put(`${target}/draft`, { version: draft?.version ?? 0, form: { [name]: form } });
  return browser.post(`${target}/submissions`, { version: saved.version, form: { [name]: form } });
}

/* Takes person n from where he is to the state that he shall reach: each state knows its next step. */
async function lead(n, clerks, rejections) {
  const person = personOf(Number(options.seed), n);
  const browser = await enter(person);
  const target = `/api/v1/identities/${person.kind}`;
  const name = person.kind.toLowerCase();
  const goal = wanted(n);
  const approve = async ({ application_no }) => decide(clerks, application_no,
    { verdict: 'APPROVE', association_post: (await browser.get(target)).draft.form[name].association_post ?? '' });
  const reject = ({ application_no }) => decide(clerks, application_no,
    { verdict: 'REJECT', reason_codes: [rejections[person.kind]], message_to_applicant: '请按提示补充后重新提交。（演示）' });
  const change = async () => {
    const { in_force } = await browser.get(target);
    return handIn(browser, target, name, { ...in_force[name], ...changeOf(person) });
  };
  const filled = () => (goal === 'EXPIRED' ? endingOn(formOf(person), dayBefore(20)) : formOf(person));
  const steps = {
    NONE: async () => handIn(browser, target, name, await withFiles(browser, filled())),
    PENDING: goal === 'REJECTED' ? reject : approve,
    APPROVED: { REVOKED: ({ application_no }) => revoke(clerks, application_no), EXPIRED: () => ctl('expire') }[goal] ?? change,
    APPROVED_PENDING: reject,
  };
  const { identity, draft, needs_consent } = await browser.get(target);
  if (needs_consent !== 'UNSPECIFIED' && goal !== 'NONE') await agree(browser, needs_consent);
  if (goal === 'DRAFT' && !draft) await browser.put(`${target}/draft`, { version: 0, form: { [name]: begun(formOf(person)) } });
  if (goal === 'NONE' || goal === 'DRAFT') return goal;
  for (let at = identity; at.state !== goal; at = (await browser.get(target)).identity) await steps[at.state](at);
  return goal;
}

/* As far as somebody gets who has no papers at hand. */
function begun(form) {
  return Object.fromEntries(Object.entries(form).filter(([, value]) => !Array.isArray(value)).slice(0, 5));
}

/* A reason to refuse that points at a field of each identity. */
async function rejectionsOf(clerk) {
  const { reasons } = await clerk.get('/api/v1/staff/reject-reasons');
  const pointing = (field) => reasons.find((reason) => reason.retryable && reason.fields.includes(field)).code;
  return {
    OWNER_UNIT: pointing('business_license_file'), MEMBER_UNIT: pointing('uscc'), EXPERT: pointing('id_number'),
    NATURAL_PERSON: pointing('qualifications'),
  };
}

async function main() {
  const clerks = [];
  for (const one of staff) clerks.push(await clerkOf(one));
  const rejections = await rejectionsOf(clerks[0]);
  await endWithPapers(clerks[0]);
  const count = Number(options.accounts);
  const reached = {};
  let next = 0;
  const worker = async () => {
    while (next < count) {
      const state = await lead(next++, clerks.slice(0, 2), rejections);
      reached[state] = (reached[state] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: together }, worker));
  const certified = [];
  for (let n = 0; n < count; n++)
    if (kindOf(n) === 'MEMBER_UNIT' && wanted(n).startsWith('APPROVED')) {
      const person = personOf(Number(options.seed), n);
      certified.push({ person, browser: await enter(person) });
    }
  await makeDues(certified, { clerks: clerks.slice(0, 2), finance: clerks[3], issuer: clerks[4], mails: path.join(options.data, 'sms') }, together);
  console.log(`  ${count} accounts: ${Object.entries(reached).map(([state, many]) => `${many} ${state}`).join(', ')}`);
  console.log(`  staff: ${staff.map(([login, name]) => `${login} (${name})`).join(', ')}`);
}

main().catch((error) => {
  console.error(error.message);
  process.exit(1);
});
