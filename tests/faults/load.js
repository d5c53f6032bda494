/* The load of the campaign: people and reviewers who do one thing after the other, and requests at a steady rate. What
   a write is meant to do is logged before it is sent; one without an answer is repeated with its key until it has one. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { randomBytes, randomUUID } = require('node:crypto');
const {
  Browser, documents, newCreditCode, newLicencePicture, newPhone, options, pause, tool,
} = require('../support/visitor.js');

const owner = '/api/v1/identities/OWNER_UNIT';
const REPEAT_S = 60; // then an unanswered operation is given up
const picture = newLicencePicture(240, 320);

/* Numbers from a seed: the same seed chooses the same things. */
function seeded(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  return {
    next,
    between: (low, high) => low + next() * (high - low),
    below: (count) => Math.floor(next() * count),
    of: (list) => list[Math.floor(next() * list.length)],
  };
}

/* Does one of the things, each by its share of a hundred. */
function byShare(random, things) {
  let at = random.next() * 100;
  return things.find(([share]) => (at -= share) < 0)?.[1]();
}

/* Text messages as they come to the phones. While the provider is broken its file may be gone, or a pipe. */
class Phones {
  codes = new Map(); // phone → codes, oldest first
  offset = 0;

  read() {
    const file = path.join(options.data, 'sms', 'sms.jsonl');
    if (!fs.existsSync(file) || !fs.statSync(file).isFile()) return;
    const text = fs.readFileSync(file).subarray(this.offset).toString('utf8');
    const whole = text.slice(0, text.lastIndexOf('\n') + 1);
    this.offset += Buffer.byteLength(whole);
    for (const line of whole.split('\n').filter(Boolean)) {
      const message = JSON.parse(line);
      const code = /\b\d{6}\b/.exec(message.text)?.[0];
      if (code) this.codes.set(message.phone, [...(this.codes.get(message.phone) ?? []), code]);
    }
  }

  count(phone) {
    this.read();
    return (this.codes.get(phone) ?? []).length;
  }

  /* The code that came after the first `known`; undefined: none within some seconds. */
  async codeAfter(phone, known, seconds) {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(100))
      if (this.count(phone) > known) return this.codes.get(phone).at(-1);
    return undefined;
  }
}

/* Each person comes from a network of their own, as far as loopback goes: the gateways count by address and by network. */
let persons = 0;
function newBrowser() {
  const n = persons++;
  return new Browser(options.url, `127.${1 + n % 250}.${1 + Math.floor(n / 250) % 250}.7`);
}

/* Who stands before the gateways, as a balancer does: a request goes to one that says it is ready, each in turn, and to the
   next where the first does not take the connection. */
class Balancer {
  constructor(url, count) {
    this.gateways = Array.from({ length: count }, (_, n) => {
      const place = new URL(url);
      place.port = Number(place.port) + n;
      return { n, browser: new Browser(place.origin), ready: true };
    });
    this.turn = 0;
  }

  watch() {
    this.timer = setInterval(() => this.gateways.forEach((one) => void this.look(one)), 200);
  }

  async look(gateway) {
    const late = pause(1000).then(() => ({ status: 0 }));
    const { status } = await Promise.race([gateway.browser.send('GET', '/readyz').catch(() => ({ status: 0 })), late]);
    gateway.ready = status === 200;
  }

  next(not) {
    const able = this.gateways.filter((one) => one !== not && one.ready);
    const some = able.length > 0 ? able : this.gateways;
    return some[this.turn++ % some.length];
  }

  end() {
    clearInterval(this.timer);
  }
}

class Traffic {
  samples = []; // {at, ms, status, method, target, gateway, why, leaving}; why: no answer came, or a failure's words
  written = 0;
  files = 0; // of the bank (dues.js)
  active = 0;
  held = false;
  ended = false;
  dead = []; // ended sessions that are tried again
  phones = new Phones();
  codes = { given: 0, from: Date.now() }; // the platform sends 300 codes an hour at most
  hashes = { next: 0 };
  pictures = { next: 0 };

  constructor(log, seed, gateways = 1) {
    this.log = log;
    this.random = seeded(seed);
    this.balancer = new Balancer(options.url, gateways);
  }

  /* Status 0: it was not answered. `gateway`: which was asked. */
  async ask(browser, method, target, content) {
    let gateway = this.balancer.next();
    let answer = await sent(browser, gateway, method, target, content);
    if (answer.body?.reason === 'ECONNREFUSED') {
      const before = answer.sends - 1; // the refused one did not arrive
      gateway = this.balancer.next(gateway);
      answer = await sent(browser, gateway, method, target, content);
      answer.sends += before;
    }
    return { ...answer, gateway: gateway.n };
  }

  /* The same, taken down as a sample; `ms`: how long it took. `leaving`: its session was being ended, or had been. */
  async attempt(browser, method, target, content) {
    const at = Date.now();
    const before = browser.leaving;
    const { gateway, ...answer } = await this.ask(browser, method, target, content);
    const ms = Date.now() - at;
    const why = answer.status === 0 || answer.status >= 500 ? `${answer.body?.reason}: ${answer.body?.detail ?? ''}` : undefined;
    const leaving = Boolean(before || browser.leaving);
    this.samples.push({ at, ms, status: answer.status, method, target, gateway, why, leaving });
    return { ...answer, ms };
  }

  /* Logs what is meant, sends it until it is answered for good or REPEAT_S are over, and logs each answer. `again` is
     called before a repeat that needs a new session. Returns the last answer. */
  async write(op, { browser, who, facts = {}, again = async () => {} }, method, target, content = {}) {
    const n = ++this.written;
    const key = randomUUID();
    const filled = typeof content === 'function' ? content(n) : content;
    await this.log.append({ intent: n, at: Date.now(), op, who, key, ...facts, ...filled.facts });
    const sent = { ...filled, headers: { 'Idempotency-Key': key } };
    for (const end = Date.now() + REPEAT_S * 1000; ;) {
      const at = Date.now();
      const answer = await this.attempt(browser, method, target, sent);
      const { status, body, sends } = answer;
      await this.log.append({ answer: n, at: Date.now(), sent_at: at, sends, status, body: slim(status, body) });
      if (isFinal(op, status) || Date.now() > end || this.ended) return answer;
      await pause(this.random.between(50, 600) + (asksPassword(target) ? 1000 * Number(answer.headers?.['retry-after'] ?? 0) : 0));
      if (status === 401) await again();
    }
  }

  /* A session that must not live any more. */
  async bury(browser, who) {
    const corpse = newBrowser();
    corpse.cookies = new Map(browser.cookies);
    corpse.leaving = true;
    corpse.number = ++this.written;
    corpse.buried = Date.now();
    await this.log.append({ dead: corpse.number, at: corpse.buried, who });
    this.dead.push(corpse);
  }

  mayAskForCode() {
    const hours = (Date.now() - this.codes.from) / 3600000;
    if (this.codes.given >= 100 + 180 * hours) return false;
    this.codes.given++;
    return true;
  }

  /* A password's hash and a picture's cleaning keep a processor busy for a tenth of a second or more: two and three a second
     leave the machine to the rest. */
  mayHash() {
    return mayGive(this.hashes, 2);
  }

  mayClean() {
    return mayGive(this.pictures, 3);
  }

  // ---- what goes on until the end

  async spin(act) {
    while (!this.ended) {
      while (this.held && !this.ended) await pause(50);
      if (this.ended) return;
      this.active++;
      try {
        await act();
      } finally {
        this.active--;
      }
    }
  }

  async hold() {
    this.held = true;
    while (this.active > 0) await pause(50);
  }

  goOn() {
    this.held = false;
  }

  /* Ended sessions are tried from 2 s after their end. */
  probing() {
    return this.spin(async () => {
      await pause(300);
      const ripe = this.dead.filter((one) => Date.now() - one.buried > 2000);
      if (ripe.length === 0) return;
      const corpse = this.random.next() < 0.5 ? ripe.at(-1) : this.random.of(ripe);
      const { status } = await this.attempt(corpse, 'GET', '/api/v1/account');
      await this.log.append({ probe: corpse.number, at: Date.now(), status });
    });
  }

  /* Reads at a steady rate, whether those before were answered or not. */
  async steady(people, perSecond) {
    let flying = 0;
    while (!this.ended) {
      await pause(1000 / perSecond);
      if (this.held || flying >= 200) continue;
      const target = this.random.of(['/api/v1/identities', '/api/v1/messages/unread', '/api/v1/fees', owner]);
      flying++;
      void this.attempt(this.random.of(people).browser, 'GET', target).finally(() => flying--);
    }
  }
}

/* What a second leaves over is good for that long. */
function mayGive(budget, perSecond) {
  if (budget.next > Date.now()) return false;
  budget.next = Math.max(budget.next, Date.now() - 1000) + 1000 / perSecond;
  return true;
}

async function sent(browser, gateway, method, target, content) {
  browser.origin = gateway.browser.origin;
  try {
    return await browser.send(method, target, content);
  } catch (error) {
    return { status: 0, body: { reason: error.code ?? error.message }, sends: error.sends ?? 1 };
  }
}

/* Where a password is hashed: so many at a time, and the others are asked to come again. */
const asksPassword = (target) => /\/(sessions|password|accounts)$/.test(target);

const takesPicture = (target) => /\/(attachments|payment-files)\?/.test(target);

/* Codes and log-ins have no session to renew: there a 401 is an answer. */
function isFinal(op, status) {
  if (status === 401) return ['log-in', 'log-out', 'register', 'reuse', 'password'].includes(op);
  return status >= 200 && status < 500 && status !== 408 && status !== 429;
}

function slim(status, body) {
  if (status < 200 || status >= 300) return { reason: body?.reason };
  const { version, application_no, submission_version, state, id, added } = body ?? {};
  return { version, application_no, submission_version, state, id, added };
}

// ---- a member

class Member {
  browser = newBrowser();
  files = [];
  draft = 0; // version
  submission = 0; // version of the last one
  pending = false;
  sure = true; // nothing is under way that might still take effect

  constructor(traffic) {
    this.traffic = traffic;
    this.phone = newPhone();
    this.password = `Qz-${randomBytes(6).toString('hex')}`;
    this.uscc = newCreditCode();
  }

  get who() {
    return `MEMBER:${this.account}`;
  }

  context(facts) {
    const { browser, who, account } = this;
    return { browser, who, facts: { account, ...facts }, again: () => this.logIn() };
  }

  /* Asks for a code and waits for it. */
  async code(purpose, browser = this.browser) {
    const { traffic, phone } = this;
    if (!traffic.mayAskForCode()) return undefined;
    const known = traffic.phones.count(phone);
    await traffic.write('code', { browser, who: `PHONE:${phone}`, facts: { phone, purpose } }, 'POST', '/api/v1/codes',
      { json: { phone, purpose, nonce: browser.nonce } });
    return traffic.phones.codeAfter(phone, known, 8);
  }

  async register() {
    const { traffic, phone, password, browser } = this;
    const code = await this.code('REGISTER');
    if (!code) return false;
    const json = {
      phone, password, password_confirm: password, sms_code: code, nonce: browser.nonce,
      terms_version: documents.terms_version, privacy_version: documents.privacy_version,
    };
    const facts = { phone, code };
    const context = { browser, who: `PUBLIC:${browser.nonce}`, facts };
    const { status } = await traffic.write('register', context, 'POST', '/api/v1/accounts', { json });
    if (status !== 200) return false;
    if (traffic.random.next() < 0.5)
      await traffic.write('reuse', { ...context, browser: this.stranger() }, 'POST', '/api/v1/accounts', { json });
    return this.know();
  }

  /* Another window of the same page: it has its nonce, not its cookies. */
  stranger() {
    const other = new Browser();
    other.nonce = this.browser.nonce;
    return other;
  }

  async know() {
    for (let tries = 0; tries < 100 && !this.traffic.ended; tries++, await pause(200)) {
      const { status, body } = await this.traffic.attempt(this.browser, 'GET', '/api/v1/account');
      if (status === 200) this.account = Number(body.account_id);
      if (status === 200) return true;
      if (status === 401) await this.logIn();
    }
    return false;
  }

  async logIn() {
    for (const password of [this.password, this.hoped].filter(Boolean)) {
      const json = { phone: this.phone, password };
      const context = { browser: this.browser, who: `PHONE:${this.phone}`, facts: { phone: this.phone } };
      const { status } = await this.traffic.write('log-in', context, 'POST', '/api/v1/sessions', { json });
      if (status !== 200) continue;
      this.password = password;
      this.browser.leaving = false;
      return true;
    }
    return false;
  }

  async logInByCode() {
    const { traffic, phone, browser } = this;
    await this.logOut();
    const code = await this.code('LOG_IN');
    if (!code) return this.logIn();
    const json = { phone, sms_code: code, nonce: browser.nonce };
    const context = { browser, who: `PHONE:${phone}`, facts: { phone, code } };
    const { status } = await traffic.write('log-in', context, 'POST', '/api/v1/sessions', { json });
    if (status !== 200) return this.logIn();
    browser.leaving = false;
    await traffic.write('reuse', { ...context, browser: this.stranger() }, 'POST', '/api/v1/sessions', { json });
    return true;
  }

  async logOut() {
    const old = new Browser();
    old.cookies = new Map(this.browser.cookies);
    this.browser.leaving = true;
    const { status } = await this.traffic.write('log-out', this.context(), 'DELETE', '/api/v1/sessions/current');
    if (status === 200) await this.traffic.bury(old, this.who);
  }

  async changePassword() {
    const old = new Browser();
    old.cookies = new Map(this.browser.cookies);
    this.hoped = `Qz-${randomBytes(6).toString('hex')}`;
    this.browser.leaving = true; // its session is renewed with the password
    const { status } = await this.traffic.write('password', this.context(), 'PUT', '/api/v1/account/password',
      { json: { old_password: this.password, new_password: this.hoped, new_password_confirm: this.hoped } });
    if (status === 200) {
      await this.traffic.bury(old, this.who);
      this.password = this.hoped;
      this.browser.leaving = false;
    } else {
      await this.logIn(); // by whichever of the two it is
    }
    this.hoped = undefined;
  }

  // ---- the application

  form(n) {
    return {
      unit_name: `长治市第${n}号建设公司`, contact_name: '王建设', contact_phone: this.phone, uscc: this.uscc,
      business_license_file: this.files.slice(-1),
    };
  }

  async save() {
    if (this.pending) return this.read(); // what is under review is not changed
    const { status, body } = await this.traffic.write('save', this.context({ version: this.draft }), 'PUT',
      `${owner}/draft`, (n) => ({ json: { version: this.draft, form: { owner_unit: this.form(n) } } }));
    if (status === 200) this.draft = body.version;
    else this.sure = false;
    return undefined;
  }

  async submit() {
    if (this.pending || this.draft === 0) return this.save();
    if (this.files.length === 0) return this.upload();
    const { status, body } = await this.traffic.write('submit', this.context({ version: this.draft }), 'POST',
      `${owner}/submissions`, (n) => ({ json: { version: this.draft, form: { owner_unit: this.form(n) } } }));
    if (status !== 200) {
      this.sure = false;
      return undefined;
    }
    this.submission = body.submission_version;
    this.pending = true;
    this.draft++; // what is under review is another version than any page has open
    return body;
  }

  async withdraw() {
    if (!this.pending) return this.read();
    const submission = this.submission;
    await this.traffic.write('withdraw', this.context({ version: submission }), 'POST', `${owner}/withdrawal`,
      { json: { submission_version: submission } });
    this.sure = false;
    return undefined;
  }

  async upload() {
    if (this.files.length >= 40 || !this.traffic.mayClean()) return this.read();
    const { status, body } = await this.traffic.write('upload', this.context(), 'POST',
      '/api/v1/attachments?purpose=business_license_file&file_name=a.png', { bytes: picture, type: 'image/png' });
    if (status === 200) this.files.push(body.id);
    return body;
  }

  /* What is read must be what was written; after an operation without an answer it is learnt anew. */
  async read() {
    const { status, body } = await this.traffic.attempt(this.browser, 'GET', owner);
    if (status === 401) return this.logIn();
    if (status !== 200) return undefined;
    const version = body.draft?.version ?? 0;
    if (this.sure && version !== this.draft)
      await this.traffic.log.append(
        { breach: `account ${this.account} read draft ${version} after it wrote ${this.draft}` });
    this.draft = version;
    this.submission = body.identity.submission_version ?? 0;
    this.pending = /PENDING$/.test(body.identity.state);
    this.sure = true;
    return undefined;
  }

  async look() {
    const target = this.traffic.random.of(['/api/v1/identities', '/api/v1/messages', '/api/v1/messages/unread']);
    const { status } = await this.traffic.attempt(this.browser, 'GET', target);
    if (status === 401) await this.logIn();
  }

  /* One of the things that people do, by its share. */
  async act() {
    if (!this.sure) await this.read();
    if (!this.sure) return;
    await byShare(this.traffic.random, [
      [24, () => this.look()], [6, () => (this.payer ?? this).look()], [18, () => this.read()], [24, () => this.save()],
      [14, () => this.submit()], [4, () => this.withdraw()], [4, () => this.upload()],
      [6, () => (this.traffic.mayHash() ? this.comeAgain() : this.read())],
    ]);
  }

  comeAgain() {
    return byShare(this.traffic.random, [
      [50, async () => { await this.logOut(); await this.logIn(); }], [25, () => this.changePassword()],
      [25, () => this.logInByCode()],
    ]);
  }

  async live() {
    await this.traffic.spin(async () => {
      await this.act();
      await pause(this.traffic.random.between(20, 300));
    });
  }
}

// ---- a reviewer

class Reviewer {
  browser = newBrowser();

  constructor(traffic, role = 'reviewer') {
    this.traffic = traffic;
    this.login = `${role}-${randomBytes(4).toString('hex')}`;
    const told = tool('ctl', 'staff', 'create', '--login', this.login, '--name', '李审核', '--role', role);
    this.password = /^password\s+(\S+)/m.exec(told)[1];
  }

  get who() {
    return `STAFF:${this.account}`;
  }

  async begin() {
    const chosen = `office-${randomBytes(9).toString('hex')}`;
    for (let tries = 0; (await this.logIn()).status === 503 && tries < 30; tries++) await pause(1000); // all of an office come at once
    this.account = Number((await this.browser.get('/api/v1/staff/me')).account_id);
    await this.traffic.write('staff-password', this.context(), 'PUT', '/api/v1/staff/me/password',
      { json: { old_password: this.password, new_password: chosen, new_password_confirm: chosen } });
    this.password = chosen;
  }

  logIn() {
    return this.traffic.attempt(this.browser, 'POST', '/api/v1/staff/sessions',
      { json: { login: this.login, password: this.password } });
  }

  context(facts) {
    const { browser, who, account } = this;
    return { browser, who, facts: { account, ...facts }, again: () => this.logIn() };
  }

  async get(target) {
    const { status, body } = await this.traffic.attempt(this.browser, 'GET', target);
    if (status === 401) await this.logIn();
    return status === 200 ? body : undefined;
  }

  async act() {
    const { traffic } = this;
    const page = await this.get('/api/v1/staff/reviews?view=QUEUED&limit=20');
    if (!page?.reviews?.length) return pause(500);
    const id = Number(traffic.random.of(page.reviews).id);
    const target = `/api/v1/staff/reviews/${id}`;
    const claimed = await traffic.write('claim', this.context({ review: id }), 'POST', `${target}/claim`);
    if (claimed.status !== 200) return undefined;
    const review = await this.get(target);
    if (!review) return undefined;
    return this.giveVerdict(id, review);
  }

  async giveVerdict(id, { item, submitted }) {
    const { traffic } = this;
    if (traffic.random.next() < 0.1)
      return traffic.write('release', this.context({ review: id }), 'POST', `/api/v1/staff/reviews/${id}/release`);
    const verdict = traffic.random.next() < 0.6 ? 'APPROVE' : 'REJECT';
    const facts = { review: id, verdict, version: item.submission_version, read: submitted.owner_unit.unit_name };
    return traffic.write('decide', this.context(facts), 'POST', `/api/v1/staff/reviews/${id}/decision`, (n) => ({
      json: {
        submission_version: item.submission_version, verdict, reason_codes: verdict === 'REJECT' ? ['R01'] : [],
        message_to_applicant: `第${n}号审核说明`,
      },
    }));
  }

  async live() {
    await this.traffic.spin(async () => {
      await this.act();
      await pause(this.traffic.random.between(100, 600));
    });
  }
}

/* So many, registered and logged in, a few at a time: a password's hash takes a while, and those who wait too long are refused. */
async function peopleOf(traffic, count) {
  const people = Array.from({ length: count }, () => new Member(traffic));
  const waiting = [...people];
  await Promise.all(Array.from({ length: 4 }, async () => {
    for (let member; (member = waiting.shift()) !== undefined;)
      if (!await member.register()) throw new Error(`${member.phone} could not register`);
  }));
  return people;
}

/* Losses are looked for here, so one person's verdict ends a case; how two decide is tried with the service. */
const ONE_DECIDES = "UPDATE certification.review_policy SET second_review = 'NEVER'";

module.exports = { asksPassword, byShare, Member, ONE_DECIDES, Reviewer, Traffic, newBrowser, peopleOf, picture, seeded, takesPicture };
