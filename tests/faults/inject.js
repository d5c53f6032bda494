/* The faults of the campaign, on a platform that with-platform started: signals, locks, full disks, and a proxy in C
   between the programs (proxy.c). `Injector.stand` puts the proxies in their places and starts a second instance of each
   service; then each fault of `faults` can begin and be undone. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { eventually, pause } = require('../support/visitor.js');

const seconds = (low, high) => (random) => random.between(low, high);
const atOnce = () => 0;

class Injector {
  proxies = new Map();
  unused = []; // [fault, why]

  constructor({ run, data, build, random }) {
    Object.assign(this, { run, data, build, random });
    this.blobs = path.join(data, 'attachments');
    this.sms = path.join(data, 'sms', 'sms.jsonl');
  }

  // ---- programs

  pid(program) {
    try {
      return Number(fs.readFileSync(path.join(this.run, `${program}.pid`), 'utf8')) || undefined;
    } catch {
      return undefined;
    }
  }

  programs() {
    return fs.readFileSync(path.join(this.run, 'programs'), 'utf8').split(/\s+/).filter(Boolean)
      .map((word) => word.replace(/:.*/, ''));
  }

  instances(service = '') {
    const others = ['postgresql', 'redis', 'gateway'];
    return this.programs().filter((name) => !others.includes(name) && name.startsWith(service));
  }

  signal(program, name) {
    const pid = this.pid(program);
    if (pid) process.kill(pid, name);
    return pid;
  }

  async renewed(program, old) {
    await eventually(`a new ${program}`, 30, () => this.pid(program) && this.pid(program) !== old);
  }

  sql(text) {
    const told = spawnSync('psql', ['-XqAt', '-h', this.run, '-U', 'guild', '-d', 'guild', '-c', text],
      { encoding: 'utf8' });
    if (told.status !== 0) throw new Error(told.stderr.trim());
    return told.stdout.trim();
  }

  databaseReady() {
    return eventually('PostgreSQL', 30,
      () => spawnSync('pg_isready', ['-q', '-h', this.run, '-U', 'guild']).status === 0);
  }

  // ---- before the first fault

  /* Second instances, everybody behind a proxy, attachments on a small disk. */
  async stand() {
    const folder = path.join(this.run, 'proxy');
    fs.mkdirSync(folder, { mode: 0o755 });
    this.prepareDisk();
    for (const [name, file] of [['postgresql', '.s.PGSQL.5432'], ['redis', 'redis.sock'], ['bus', 'bus.sock']])
      this.proxyStart(name, path.join(folder, file), path.join(this.run, file));
    this.proxyStart('bus-2', path.join(folder, 'bus-2.sock'), path.join(this.run, 'bus.sock'));
    await eventually('the proxies', 5, () => fs.existsSync(path.join(folder, 'bus-2.sock')));
    for (const service of ['auth', 'payment', 'notification']) this.addSecond(service);
    for (const program of this.instances()) this.rewire(program);
    process.kill(this.lockHolder(), 'SIGHUP');
    for (const program of this.instances()) {
      const old = this.pid(program);
      if (old) process.kill(old, 'SIGTERM');
      await this.renewed(program, old);
    }
  }

  lockHolder() {
    return Number(fs.readFileSync(path.join(this.run, 'supervise.lock'), 'utf8'));
  }

  proxyStart(name, from, to) {
    const child = spawn(path.join(this.build, 'tests/faults/guild-test-proxy'), [from, to],
      { stdio: ['pipe', 'inherit', 'inherit'] });
    this.proxies.set(name, child);
  }

  tell(names, words) {
    for (const name of names) this.proxies.get(name).stdin.write(`${words}\n`);
  }

  addSecond(service) {
    const first = path.join(this.run, `${service}.run`);
    const second = path.join(this.run, `${service}-2.run`);
    const { uid, gid } = fs.statSync(first);
    const text = fs.readFileSync(first, 'utf8').replace('GUILD_INSTANCE=1', 'GUILD_INSTANCE=2')
      .replace(`${service}.admin`, `${service}-2.admin`)
      .replace(`application_name=${service}`, `application_name=${service}-2`);
    fs.writeFileSync(second, text, { mode: 0o700 });
    fs.chownSync(second, uid, gid);
    const list = path.join(this.run, 'programs');
    const lines = fs.readFileSync(list, 'utf8').split('\n');
    fs.writeFileSync(list, [lines[0], `${lines[1]} ${service}-2`, ...lines.slice(2)].join('\n'));
  }

  rewire(program) {
    const file = path.join(this.run, `${program}.run`);
    const bus = program.endsWith('-2') ? 'bus-2' : 'bus';
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replaceAll(`host=${this.run}`, `host=${this.run}/proxy`)
      .replaceAll(`${this.run}/redis.sock`, `${this.run}/proxy/redis.sock`)
      .replaceAll(`${this.run}/bus.sock`, `${this.run}/proxy/${bus}.sock`));
  }

  /* Attachments move to a disk of their own, which can be filled; for that one has to be root. */
  prepareDisk() {
    const { uid, gid } = fs.statSync(this.blobs);
    const mounted = spawnSync('mount',
      ['-t', 'tmpfs', '-o', `size=256m,mode=0700,uid=${uid},gid=${gid}`, 'none', this.blobs], { encoding: 'utf8' });
    this.hasDisk = mounted.status === 0;
    if (!this.hasDisk) this.unused.push(['D1', `no disk can be mounted: ${(mounted.stderr ?? '').trim()}`]);
  }

  end() {
    for (const child of this.proxies.values()) child.stdin.end();
    if (this.hasDisk) execFileSync('umount', ['-l', this.blobs]);
  }

  // ---- pieces of faults

  async kill(program) {
    const old = this.signal(program, 'SIGKILL');
    await this.renewed(program, old);
  }

  fillDisk() {
    const file = fs.openSync(path.join(this.blobs, 'filler'), 'w');
    const block = Buffer.alloc(1 << 16);
    try {
      for (;;) fs.writeSync(file, block);
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    } finally {
      fs.closeSync(file);
    }
  }

  freeDisk() {
    fs.rmSync(path.join(this.blobs, 'filler'));
  }

  /* The provider's file becomes a pipe that nobody reads: whoever sends waits. */
  pipeSms() {
    const { uid, gid } = fs.statSync(this.sms);
    const pipe = `${this.sms}.pipe`;
    execFileSync('mkfifo', [pipe]);
    fs.chownSync(pipe, uid, gid);
    fs.linkSync(this.sms, `${this.sms}.kept`);
    fs.renameSync(pipe, this.sms);
  }

  /* Those who waited are read now, and then the file is as before. */
  async unpipeSms() {
    const pipe = fs.openSync(this.sms, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    fs.renameSync(`${this.sms}.kept`, this.sms);
    const bytes = Buffer.alloc(1 << 16);
    for (let quiet = 0; quiet < 5; quiet++, await pause(100))
      for (let size; (size = readSome(pipe, bytes)) > 0; quiet = 0)
        fs.appendFileSync(this.sms, bytes.subarray(0, size));
    fs.closeSync(pipe);
  }

  /* No more descriptors than are open; undone, as many as before. By its own user: root may not everywhere. */
  exhaust(program) {
    const pid = this.pid(program);
    const { uid, gid } = fs.statSync(`/proc/${pid}`);
    const asOwner = process.getuid() === 0 ? ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'] : [];
    const limit = (count) => execFileSync('env', [...asOwner, 'prlimit', `--pid=${pid}`, `--nofile=${count}:`]);
    const before = /Max open files\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/limits`, 'utf8'))[1];
    limit(fs.readdirSync(`/proc/${pid}/fd`).length);
    return () => {
      if (this.pid(program) === pid) limit(before);
    };
  }

  /* It runs one tenth of the time. */
  throttle(program) {
    const pid = this.pid(program);
    const tick = setInterval(() => {
      trySignal(pid, 'SIGSTOP');
      setTimeout(() => trySignal(pid, 'SIGCONT'), 90);
    }, 100);
    return async () => {
      clearInterval(tick);
      await pause(100);
      trySignal(pid, 'SIGCONT');
    };
  }

  /* Redis comes back without what it wrote in its last second, as after a power cut with appendfsync everysec. */
  async forgetSecond() {
    const folder = path.join(this.data, 'redis', 'appendonlydir');
    const file = path.join(folder, fs.readdirSync(folder).filter((name) => name.endsWith('.incr.aof')).sort().at(-1));
    const script = path.join(this.run, 'redis.run');
    const text = fs.readFileSync(script, 'utf8');
    const { size } = fs.statSync(file);
    await pause(1000);
    fs.writeFileSync(script, text.replace('\nexec', `\ntruncate -s ${size} '${file}'\nexec`));
    try {
      await this.kill('redis');
      await eventually('Redis', 20, () => spawnSync('redis-cli', ['-s', path.join(this.run, 'redis.sock'), 'ping'],
        { encoding: 'utf8' }).stdout.includes('PONG'));
    } finally {
      fs.writeFileSync(script, text);
    }
  }
}

function readSome(file, bytes) {
  try {
    return fs.readSync(file, bytes);
  } catch (error) {
    if (error.code === 'EAGAIN') return 0;
    throw error;
  }
}

function trySignal(pid, name) {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (error.code !== 'ESRCH') throw error;
  }
}

// ---- the faults: name, how long, and a beginning that returns its undoing

const killOf = (service) => [`K-${service}`, atOnce, async (i) => {
  await i.kill(service === 'gateway' ? 'gateway' : i.random.of(i.instances(service)));
}];

const wordsTo = (name, hold, proxies, words) => [name, hold, async (i) => {
  const chosen = proxies(i);
  i.tell(chosen, words(i));
  return () => i.tell(chosen, 'pass');
}];

const database = () => ['postgresql'];
const redis = () => ['redis'];
const half = (i) => [i.random.of(['bus', 'bus-2'])];
const whole = () => ['bus', 'bus-2'];

const stopped = (name, hold, choose) => [name, hold, async (i) => {
  const pid = i.signal(choose(i), 'SIGSTOP');
  return () => trySignal(pid, 'SIGCONT');
}];

const faults = [
  ...['gateway', 'auth', 'certification', 'payment', 'notification'].map(killOf),
  ['P1', atOnce, async (i) => {
    const old = i.signal('postgresql', 'SIGQUIT'); // immediate: as after a crash
    await i.renewed('postgresql', old);
    await i.databaseReady();
  }],
  ['P2-backend', atOnce, async (i) => {
    const pids = i.sql("SELECT pid FROM pg_stat_activity WHERE usename LIKE 'guild\\_%'").split('\n');
    trySignal(Number(i.random.of(pids)), 'SIGKILL');
    await i.databaseReady();
  }],
  ['P2-postmaster', atOnce, async (i) => {
    await i.kill('postgresql');
    await i.databaseReady();
  }],
  ['P4-lock', seconds(10, 10), async (i) => {
    const table = i.random.of(['certification.draft', 'certification.review', 'auth.account', 'notification.delivery']);
    const child = spawn('psql', ['-Xq', '-h', i.run, '-U', 'guild', '-d', 'guild', '-c',
      `BEGIN; LOCK TABLE ${table} IN EXCLUSIVE MODE; SELECT pg_sleep(10); ROLLBACK`], { stdio: 'ignore' });
    return () => child.kill();
  }],
  wordsTo('P4-delay', seconds(3, 8), database, () => 'delay 200'),
  ['R1', atOnce, (i) => i.kill('redis')],
  ['R1-loss', atOnce, (i) => i.forgetSecond()],
  stopped('R2', seconds(5, 20), () => 'redis'),
  stopped('G1', seconds(5, 20), (i) => i.random.of(i.instances())),
  ['G3', seconds(4, 10), async (i) => i.throttle(i.random.of(i.instances()))],
  wordsTo('N-bus-partition', seconds(3, 10), half, () => 'swallow both'),
  wordsTo('N-bus-one-way', seconds(3, 8), half, (i) => i.random.of(['swallow up', 'swallow down'])),
  wordsTo('N-bus-delay', seconds(3, 8), half, () => 'delay 150'),
  wordsTo('N-bus-reset', seconds(1, 3), whole, (i) => `cut ${1 + i.random.below(3000)}`),
  wordsTo('N-database-partition', seconds(3, 10), database, () => 'swallow both'),
  wordsTo('N-database-answers-lost', seconds(2, 6), database, () => 'swallow down'),
  wordsTo('N-database-reset', seconds(1, 3), database, (i) => `cut ${1 + i.random.below(3000)}`),
  wordsTo('N-redis-partition', seconds(3, 8), redis, () => 'swallow both'),
  wordsTo('N-redis-reset', seconds(1, 3), redis, (i) => `cut ${1 + i.random.below(300)}`),
  wordsTo('N-redis-delay', seconds(3, 8), redis, () => 'delay 50'),
  ['D1', seconds(3, 8), async (i) => {
    i.fillDisk();
    return () => i.freeDisk();
  }],
  ['X1-refuses', seconds(3, 10), async (i) => {
    const { mode } = fs.statSync(i.sms);
    fs.chmodSync(i.sms, 0o400);
    return () => fs.chmodSync(i.sms, mode);
  }],
  ['X1-slow', seconds(10, 30), async (i) => {
    i.pipeSms();
    return () => i.unpipeSms();
  }],
  ['F1', seconds(3, 8), async (i) => i.exhaust(i.random.of(['gateway', ...i.instances()]))],
  ['S1', atOnce, async (i) => {
    for (const program of i.instances()) {
      const old = i.signal(program, 'SIGTERM');
      await i.renewed(program, old);
      await pause(1000);
    }
  }],
].map(([name, hold, begin]) => ({ name, hold, begin }));

/* What this machine does not allow is not used, and said. */
function faultsHere(injector) {
  injector.unused.push(['C1', 'it needs faketime, which is none of the packages'],
    ['G2', 'it needs a hook in the programs'], ['P3', 'no disk here forgets what was not synced']);
  const absent = new Set(injector.unused.map(([name]) => name));
  return faults.filter(({ name }) => !absent.has(name));
}

module.exports = { Injector, faultsHere };
