/* A visitor of a running platform, for scenarios, faults and measurements: a browser as far as they need one, made-up
   people, units and pictures, the phone that gets the SMS, the office that makes staff accounts. */
'use strict';
const zlib = require('node:zlib');
const path = require('node:path');
const { execFileSync } = require('node:child_process');
const { randomBytes, randomInt } = require('node:crypto');
const { parseArgs } = require('node:util');

const root = path.resolve(__dirname, '../..');
const { documents } = require('../../deploy/association.json'); // versions of terms and privacy policy
const { Browser: AnyBrowser } = require('../../deploy/demo/browser.js');
const { creditCode, idNumber } = require('../../deploy/demo/numbers.js');
const { values: options } = parseArgs({
  options: {
    url: { type: 'string' },
    data: { type: 'string', default: path.join(root, '.guild') },
    'sms-command': { type: 'string' },
    'staff-login': { type: 'string' },
    'staff-password': { type: 'string' },
    seconds: { type: 'string', default: '10' },
    minutes: { type: 'string' },
    seed: { type: 'string' },
    report: { type: 'string' },
    each: { type: 'boolean', default: false },
    users: { type: 'string' },
    rate: { type: 'string' },
    faults: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

/* Prints the usage and ends where there is no --url. */
function needUrl(usage) {
  if (!options.help && options.url) return;
  console.log(usage);
  process.exit(options.help ? 0 : 2);
}

class Browser extends AnyBrowser {
  constructor(origin = options.url, address = undefined) {
    super(origin, address);
  }
}

// ---- made-up people, units and pictures

const digits = (count) => Array.from({ length: count }, () => randomInt(10)).join('');
const newPhone = () => `199${digits(8)}`;

const newIdNumber = (birth) => idNumber('140403', birth, `${digits(2)}1`); // of a man
const newCreditCode = () => creditCode(`MA${digits(6)}`);

function pngChunk(name, data) {
  const chunk = Buffer.alloc(12 + data.length);
  chunk.writeUInt32BE(data.length, 0);
  chunk.write(name, 4, 'latin1');
  data.copy(chunk, 8);
  chunk.writeUInt32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
  return chunk;
}

function crc32(bytes) {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/* One blank page; with so many bytes that say nothing. */
function newPdf(bytes = 0) {
  const idle = bytes > 0 ? `%${randomBytes(bytes >> 1).toString('hex')}\n` : '';
  return Buffer.from(`%PDF-1.4\n${idle}1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n`);
}

/* A receipt as OFD: a ZIP with OFD.xml, stored. */
function newOfd() {
  const name = Buffer.from('OFD.xml');
  const content = Buffer.from('<?xml version="1.0"?><ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016" Version="1.0"></ofd:OFD>');
  const facts = Buffer.alloc(16); // checksum, sizes, length of the name
  facts.writeUInt32LE(crc32(content), 0);
  facts.writeUInt32LE(content.length, 4);
  facts.writeUInt32LE(content.length, 8);
  facts.writeUInt16LE(name.length, 12);
  const local = Buffer.concat([Buffer.from('504b030414000000000000002158', 'hex'), facts, name, content]);
  const central = Buffer.concat([Buffer.from('504b0102140014000000000000002158', 'hex'), facts, Buffer.alloc(14), name]);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}

/* A4-like page with a frame and lines, as a PNG. */
function newLicencePicture(width = 620, height = 877) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  const pixels = Buffer.alloc(height * (1 + 3 * width), 0xf4);
  for (let y = 0; y < height; y++) {
    const row = y * (1 + 3 * width);
    pixels[row] = 0;
    const line = y % 60 < 6 && y > 180 && y < 700;
    const frame = y < 24 || y > height - 24;
    if (frame) pixels.fill(0xc0, row + 1, row + 1 + 3 * width);
    else if (line) pixels.fill(0x30, row + 1 + 240, row + 1 + 3 * (width - 80));
  }
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature, pngChunk('IHDR', header), pngChunk('IDAT', zlib.deflateSync(pixels)),
    pngChunk('IEND', Buffer.alloc(0)),
  ]);
}

// ---- the phone, and the office

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

/* Calls until it gives something; events between services take a moment. */
async function eventually(what, seconds, attempt) {
  for (const end = Date.now() + seconds * 1000; Date.now() < end; await pause(150)) {
    const found = await attempt();
    if (found) return found;
  }
  throw new Error(`${what}: not within ${seconds} s`);
}

const tool = (name, ...args) =>
  execFileSync(path.join(root, 'deploy', name), ['--data', options.data, ...args],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

function newestCode(phone) {
  try {
    const text = options['sms-command']
      ? execFileSync('/bin/sh', ['-c', `${options['sms-command']} "$1"`, 'sms', phone], { encoding: 'utf8' })
      : tool('sms', '--code', phone);
    return /\b\d{6}\b/.exec(text)?.[0];
  } catch {
    return undefined; // no message for this phone yet
  }
}

const asked = new Map(); // phone → when its next SMS may go out

/* Until another SMS may go to the phone. On a throw-away platform that is now: Redis forgets the last one. */
async function smsMayGo(phone) {
  if (process.env.GUILD_TEST_RUN)
    execFileSync('redis-cli', ['-s', path.join(process.env.GUILD_TEST_RUN, 'redis.sock'), 'DEL', `n:m:${phone}`]);
  const wait = process.env.GUILD_TEST_RUN ? 0 : (asked.get(phone) ?? 0) - Date.now();
  if (wait > 0) {
    console.log(`    … ${Math.ceil(wait / 1000)} s until another SMS may go to the same phone`);
    await pause(wait);
  }
}

async function codeFor(browser, phone, purpose) {
  await smsMayGo(phone);
  const before = newestCode(phone);
  const reply = await browser.post('/api/v1/codes', { phone, purpose, nonce: browser.nonce });
  asked.set(phone, Date.now() + (reply.resend_after_s + 1) * 1000);
  return eventually(`an SMS with a code to ${phone}`, 10, () => {
    const code = newestCode(phone);
    return code !== before && code;
  });
}

/* A new member of staff; the password must be changed first. */
function staffAccount(role, name) {
  const login = `${role}-${randomBytes(3).toString('hex')}`;
  const told = tool('ctl', 'staff', 'create', '--login', login, '--name', name, '--role', role);
  return { login, password: /^password\s+(\S+)/m.exec(told)[1] };
}

/* A reviewer of this story's own, or the account that was given. The secretary reviews all four identities. */
function reviewerAccount(role = 'reviewer') {
  if (options['staff-login'])
    return { login: options['staff-login'], password: options['staff-password'] ?? '' };
  return staffAccount(role, '李审核');
}

/* A member of staff who has chosen a password. */
async function newStaff(role, name) {
  const account = staffAccount(role, name);
  const browser = new Browser();
  const password = `Council-${account.login}-2026`;
  await browser.post('/api/v1/staff/sessions', account);
  await browser.put('/api/v1/staff/me/password', { old_password: account.password, new_password: password, new_password_confirm: password });
  return browser;
}

/* A new person, registered and logged in. */
async function newMember() {
  const person = new Browser();
  const phone = newPhone();
  const password = `Qz-${randomBytes(6).toString('hex')}`;
  await person.post('/api/v1/accounts', {
    phone, password, password_confirm: password, sms_code: await codeFor(person, phone, 'REGISTER'),
    nonce: person.nonce, terms_version: documents.terms_version, privacy_version: documents.privacy_version,
  });
  return { person, phone, password };
}

module.exports = {
  Browser, codeFor, digits, documents, eventually, needUrl, newCreditCode, newestCode, newIdNumber, newLicencePicture,
  newMember, newOfd, newPdf, newPhone, newStaff, options, pause, reviewerAccount, root, smsMayGo, staffAccount, tool,
};
