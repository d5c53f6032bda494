/* The faults of the campaign: name, how long (seconds), a beginning that returns its undoing, and what is expected of it.

   An expectation is given what was seen: {from, healed, until, first_write, samples, marks}. Samples are requests that ended
   between `from` and `until`: {at, ms, status, method, target, gateway, leaving}; `marks` is what the beginning wrote down. It returns
   what is not as it must be; `timed` ones are judged on release builds only, since sanitizers are slow. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { Browser, pause } = require('../support/visitor.js');
const { trySignal } = require('./inject.js');
const { asksPassword, takesPicture } = require('./load.js');

const NOTICED_MS = 1500; // from then on an instance that is stuck gets no new work

const seconds = (low, high) => (random) => random.between(low, high);
const atOnce = () => 0;

// ---- what is expected

const isBad = (one) => one.status === 0 || one.status >= 500;
const shareOf = (part, all) => (all.length === 0 ? 1 : part.length / all.length);
const unless = (holds, text) => (holds ? [] : [text]);
const takesLong = (target) => asksPassword(target) || takesPicture(target);
const worst = (samples) => Math.max(0, ...samples.map((one) => one.ms));
const reads = (samples) => samples.filter((one) => one.method === 'GET');

/* Where many log in at a time (after what kept them all waiting) some are asked to come again. */
const isAskedAgain = (one) => one.status === 503 && asksPassword(one.target);
const nobodyFails = ({ samples }) => {
  const failed = samples.filter((one) => isBad(one) && !isAskedAgain(one));
  return unless(failed.length === 0, `${failed.length} requests failed: ${JSON.stringify(failed.slice(0, 3))}`);
};
/* What only reads is asked of another instance. */
const noReadFails = ({ samples }) => nobodyFails({ samples: reads(samples) });
const readsGoOn = ({ samples, healed }) => {
  const mine = reads(samples).filter((one) => one.at < healed);
  const good = shareOf(mine.filter((one) => !isBad(one)), mine);
  return unless(good >= 0.99, `${(100 * good).toFixed(1)} % of ${mine.length} reads were answered`);
};
const backWithin = (ms) => ({ recover }) => unless(recover <= ms, `back after ${recover} ms, not within ${ms}`);
const writesWithin = (ms) => ({ first_write }) =>
  unless(first_write <= ms, `the first good write was ${first_write} ms after the database was ready, not within ${ms}`);
const slowest = (samples) => samples.reduce((one, two) => (one && one.ms >= two.ms ? one : two), undefined);
const say = (one) => one && `${one.method} ${one.target} ${one.status} ${one.ms} ms`;
/* What only reads is told within the gateway's three seconds, and what this process itself may stand still for. A write that may
   have been done asks what became of it for as long as it has. */
const errorsInTime = ({ samples, from, healed }) => {
  const failed = samples.filter((one) => isBad(one) && one.at >= from && one.at < healed);
  return [
    ...unless(worst(reads(failed)) <= 3500, `a read failed late: ${say(slowest(reads(failed)))}`),
    ...unless(worst(failed) <= 8000, `a write failed late: ${say(slowest(failed))}`),
  ];
};
/* Begun after it was to be noticed: none waits for it. Hashes and pictures wait for each other, 2.5 s at most as long as the
   processors are as quick as before, and then take their time: all that was kept waiting is at the one that is left. */
const noNewWork = ({ samples, from, healed }) => {
  const late = samples.filter((one) => one.at >= from + NOTICED_MS && one.at < healed);
  const failed = late.filter((one) => isBad(one) && !isAskedAgain(one));
  const slow = slowest(late.filter((one) => one.ms >= (takesLong(one.target) ? 6000 : 2000)));
  return [
    ...unless(failed.length === 0, `${failed.length} of ${late.length} requests failed after ${NOTICED_MS} ms: ${JSON.stringify(failed[0])}`),
    ...unless(!slow, `a request begun after ${NOTICED_MS} ms was slow: ${say(slow)}`),
  ];
};
const diesCleanly = ({ marks }) => unless(!/signal (4|7|8|11)\b/.test(marks.words ?? ''), `it ended badly: ${marks.words}`);

// ---- pieces

/* Something every so many milliseconds; returns how it stops. */
function every(ms, act) {
  let going = true;
  const ended = (async () => {
    while (going) {
      await act();
      await pause(ms);
    }
  })();
  return async () => {
    going = false;
    await ended;
  };
}

const killOf = (program) => [`K-${program}`, atOnce, async (i) => {
  await i.kill(program === 'gateway' ? i.random.of(i.gateways()) : i.random.of(i.instances(program)));
}, program === 'gateway' ? {} : { timed: noReadFails }];

const wordsTo = (name, hold, proxies, words, expected) => [name, hold, async (i) => {
  const chosen = proxies(i);
  i.wires.tell(chosen, words(i));
  return () => i.wires.tell(chosen, 'pass');
}, expected];

const cable = (name, hold, which, expected) => [name, hold, async (i) => i.wires.pull(which), expected];

const database = () => ['postgresql'];
const redis = () => ['redis'];
const whole = (i) => [...i.wires.proxies.keys()].filter((name) => name.startsWith('bus-'));
const half = (i) => {
  const number = i.random.of(['1', '2']);
  return whole(i).filter((name) => name.endsWith(`-${number}`));
};

const stopped = (name, hold, choose, expected) => [name, hold, async (i) => {
  const pid = i.signal(choose(i), 'SIGSTOP');
  return () => trySignal(pid, 'SIGCONT');
}, expected];

/* `volume`: what the services call it, where they watch it. */
const fullDisk = (name, folder, volume, expected) => [name, seconds(3, 8), async (i, traffic, marks) => {
  const undo = i.fillDisk(folder);
  if (!volume) return undo;
  await pause(2500);
  const [ready, metrics] = await Promise.all(['/readyz', '/metrics'].map((target) => i.ask('certification-1', target)));
  marks.told = Boolean(ready?.text.includes(`disk of ${volume} is`) && metrics?.text.includes(`guild_disk_alarm{volume="${volume}"} 1`));
  return undo;
}, { ...expected, always: (seen) => [...expected.always(seen), ...unless(seen.marks.told !== false, 'nobody was told that the disk is full')] }];

/* Log-ins, and reads that need no session, while Redis answers nobody. */
async function frozenRedis(i, traffic, marks) {
  const pid = i.signal('redis', 'SIGSTOP');
  const [guest, visitor] = [new Browser(), new Browser()];
  const json = { phone: '19900000000', password: 'no such password' };
  Object.assign(marks, { log_ins: [], visits: [] });
  await pause(500); // what was under way has found out
  const stops = [
    every(100, async () => marks.log_ins.push(await traffic.attempt(guest, 'POST', '/api/v1/sessions', { json }))),
    every(100, async () => marks.visits.push(await traffic.attempt(visitor, 'GET', i.random.of(['/api/v1/fees', '/'])))),
  ];
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
    trySignal(pid, 'SIGCONT');
  };
}

const logInsAreRefused = ({ marks }) => {
  const other = marks.log_ins.filter((one) => one.status !== 503);
  return [
    ...unless(other.length === 0, `${other.length} of ${marks.log_ins.length} log-ins were not answered 503: ${other[0]?.status}`),
    ...unless(marks.visits.every((one) => one.status === 200), 'a page that needs no session was not served'),
  ];
};
const atOnceRefused = ({ marks }) => unless(worst(marks.log_ins) <= 500, `a log-in was refused after ${worst(marks.log_ins)} ms, not 500`);

/* It runs one tenth of the time; which of the two then answers how much. */
async function slowInstance(i, traffic, marks) {
  const [slow, other] = i.random.next() < 0.5 ? ['certification-1', 'certification-2'] : ['certification-2', 'certification-1'];
  const answered = (name) => fs.readFileSync(path.join(i.data, 'logs', `${name}.log`), 'utf8').split('"method"').length;
  const undo = i.throttle(slow);
  await pause(3000); // within which it is known to be slow
  const before = [answered(slow), answered(other)];
  return async () => {
    const [its, others] = [answered(slow) - before[0], answered(other) - before[1]];
    Object.assign(marks, { its, others });
    await undo();
  };
}

/* Half would be its fair share. On two busy processors the other one is not ten times as quick either. */
const slowGetsLess = ({ marks: { its, others } }) =>
  unless(its + others >= 40 && its / (its + others) <= 1 / 3, `the slow one answered ${its} of ${its + others} requests`);

/* The provider took messages, and who sent them ends before it is told so. */
async function answersLost(i, traffic, marks) {
  const senders = i.instances('notification');
  i.pipeSms();
  const sending = "SELECT count(*) FROM notification.delivery WHERE channel = 'SMS' AND state = 'SENDING'";
  for (const end = Date.now() + 10000; Date.now() < end && i.sql(sending) === '0';) await pause(100);
  await pause(300);
  const letGo = await Promise.all(senders.map((name) => i.hold(name)));
  await i.unpipeSms(); // they are taken now
  marks.ambiguous = Number(i.sql(sending));
  const old = senders.map((name) => i.signal(name, 'SIGKILL'));
  letGo.forEach((let_go) => let_go());
  await Promise.all(senders.map((name, n) => i.renewed(name, old[n])));
}

/* Hours and days to and fro. Nobody is told but by the wall. */
async function otherClocks(i, traffic, marks) {
  const undo = await i.fakeClocks();
  marks.first = Date.now();
  for (const to of [3600, 86400, -3600, -86400, 0]) {
    if (to === 86400) marks.day = Date.now();
    i.setClock(to);
    await pause(2000);
  }
  marks.last = Date.now();
  return undo;
}

/* A day ahead, sessions that live for hours are over, as they must be; an hour ahead none is. */
const clocksDoNotMatter = ({ samples, marks }) => {
  const then = samples.filter((one) => one.at >= marks.first && one.at <= marks.last);
  const out = then.filter((one) => one.status === 401 && !one.leaving && one.at + one.ms < marks.day);
  return [
    ...nobodyFails({ samples: then }),
    ...unless(out.length === 0, `${out.length} of ${then.length} requests lost their session: ${say(out[0])}`),
  ];
};

const restartEach = (programs) => async (i) => {
  for (const program of programs(i)) await i.restart(program);
};

/* What takes memory: documents are drawn, many at a time. */
const burdens = {
  auth: (get) => get('/api/v1/account'),
  certification: (get) => get('/api/v1/documents/OWNER_UNIT/content'),
  payment: async (get) => get(`/api/v1/bills/${(await get('/api/v1/dues')).body?.bills?.[0]?.id}/slip`),
};

async function outOfMemory(i, traffic, marks) {
  const service = i.random.of(Object.keys(burdens));
  const program = i.random.of(i.instances(service));
  const many = [...traffic.people, ...traffic.people, ...traffic.people];
  marks.words = await i.starve(program, () =>
    Promise.all(many.map((one) => burdens[service]((target) => traffic.ask(one.browser, 'GET', target)))));
}

// ---- the list

const faults = [
  ...['gateway', 'auth', 'certification', 'payment', 'notification'].map(killOf),
  ['P1', atOnce, async (i) => {
    const old = i.signal('postgresql', 'SIGQUIT'); // immediate: as after a crash
    await i.renewed('postgresql', old);
    await i.databaseReady();
  }, { timed: writesWithin(2000) }],
  ['P2-backend', atOnce, async (i) => {
    const pids = i.sql("SELECT pid FROM pg_stat_activity WHERE usename LIKE 'guild\\_%'").split('\n');
    trySignal(Number(i.random.of(pids)), 'SIGKILL');
    await i.databaseReady();
  }, { timed: writesWithin(2000) }],
  ['P2-postmaster', atOnce, async (i) => {
    await i.kill('postgresql');
    await i.databaseReady();
  }, { timed: writesWithin(2000) }],
  ['P4-lock', seconds(10, 10), async (i) => {
    const table = i.random.of(['certification.draft', 'certification.review', 'auth.account', 'notification.delivery', 'payment.voucher']);
    const child = spawn('psql', ['-Xq', '-h', i.run, '-U', 'guild', '-d', 'guild', '-c',
      `BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE; SELECT pg_sleep(10); ROLLBACK`], { stdio: 'ignore' });
    return () => child.kill();
  }],
  wordsTo('P4-delay', seconds(3, 8), database, () => 'delay 200'),
  ['R1', atOnce, (i) => i.kill('redis')],
  ['R1-loss', atOnce, (i) => i.forgetSecond()],
  ['R2', seconds(5, 20), frozenRedis, { always: logInsAreRefused, timed: atOnceRefused }],
  stopped('G1', seconds(5, 20), (i) => i.random.of(i.instances()), { timed: noNewWork }),
  ['G2', seconds(4, 12), async (i) => i.hold(i.random.of(i.instances())), { timed: noNewWork }],
  ['G3', seconds(8, 14), slowInstance, { timed: slowGetsLess }],
  wordsTo('N1', seconds(3, 10), (i) => i.wires.bus(2), () => 'swallow both', { always: (seen) => firstGatewayReads(seen), timed: (seen) => firstGateway(seen) }),
  cable('N1-cable', seconds(3, 10), 1, { always: (seen) => firstGatewayReads(seen), timed: (seen) => firstGateway(seen) }),
  wordsTo('N-bus-partition', seconds(3, 10), half, () => 'swallow both'),
  wordsTo('N-bus-one-way', seconds(3, 8), half, (i) => i.random.of(['swallow up', 'swallow down'])),
  wordsTo('N-bus-delay', seconds(3, 8), half, () => 'delay 150'),
  wordsTo('N-bus-reset', seconds(1, 3), whole, (i) => `cut ${1 + i.random.below(3000)}`),
  wordsTo('N2', seconds(3, 10), database, () => 'swallow both', { timed: errorsInTime }),
  cable('N2-cable', seconds(5, 10), 0, { timed: errorsInTime }),
  wordsTo('N-database-answers-lost', seconds(2, 6), database, () => 'swallow down'),
  wordsTo('N-database-reset', seconds(1, 3), database, (i) => `cut ${1 + i.random.below(3000)}`),
  wordsTo('N-redis-partition', seconds(3, 8), redis, () => 'swallow both'),
  wordsTo('N-redis-reset', seconds(1, 3), redis, (i) => `cut ${1 + i.random.below(300)}`),
  wordsTo('N-redis-delay', seconds(3, 8), redis, () => 'delay 50'),
  fullDisk('D1-files', 'attachments', 'files', { always: readsGoOn, timed: backWithin(5000) }),
  fullDisk('D1-database', 'postgresql', 'database', { always: readsGoOn, timed: backWithin(5000) }),
  fullDisk('D1-logs', 'logs', undefined, { always: nobodyFails }),
  ['X1-refuses', seconds(3, 10), async (i) => {
    const { mode } = fs.statSync(i.sms);
    fs.chmodSync(i.sms, 0o400);
    return () => fs.chmodSync(i.sms, mode);
  }],
  ['X1-slow', seconds(10, 30), async (i) => {
    i.pipeSms();
    return () => i.unpipeSms();
  }],
  ['X1-answer-lost', atOnce, answersLost],
  ['C1', atOnce, otherClocks, { always: clocksDoNotMatter }],
  ['M1', atOnce, outOfMemory, { always: diesCleanly }],
  ['F1', seconds(3, 8), async (i) => i.exhaust(i.random.of([...i.gateways(), ...i.instances()]))],
  ['S1', atOnce, restartEach((i) => i.instances()), { always: nobodyFails }],
  ['S1-gateway', atOnce, restartEach((i) => i.gateways()), { always: nobodyFails }],
].map(([name, hold, begin, expected = {}]) => ({ name, hold, begin, expected }));

/* Who speaks with the first gateway notices nothing of what the second suffers. */
function firstGateway({ samples }) {
  return nobodyFails({ samples: samples.filter((one) => one.gateway === 0) });
}

/* Those that hash no password and wait for no lock: what others do with the machine delays them least. */
function firstGatewayReads({ samples }) {
  return firstGateway({ samples: reads(samples) });
}

function faultsHere(injector) {
  const absent = new Set(injector.unused.map(([name]) => name));
  return faults.filter(({ name }) => !absent.has(name));
}

module.exports = { faultsHere, isBad };
