/* The means of the faults (faults.js) on a platform that with-platform started: signals, limits, full disks, other clocks,
   held threads. `Injector.stand` leads all connections through proxies (wires.js) and starts a second instance of each
   service. */
'use strict';
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { Browser, eventually, pause } = require('../support/visitor.js');
const { Wires } = require('./wires.js');

const MEMORY = '/sys/fs/cgroup/memory';
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

class Injector {
  unused = []; // [fault, why]

  constructor({ run, data, build, random, gateways }) {
    Object.assign(this, { run, data, build, random });
    this.wires = new Wires({ run, build, gateways });
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
    return this.programs().filter((name) => !/^(postgresql|redis|gateway)/.test(name) && name.startsWith(service));
  }

  gateways() {
    return this.programs().filter((name) => name.startsWith('gateway'));
  }

  /* What its admin door answers; undefined: nothing. */
  ask(program, target) {
    return new Promise((done) => {
      const request = http.get({ socketPath: path.join(this.run, `${program}.admin`), path: target, timeout: 1000 }, (answer) => {
        const parts = [];
        answer.on('data', (part) => parts.push(part));
        answer.on('end', () => done({ status: answer.statusCode, text: Buffer.concat(parts).toString() }));
        answer.on('error', () => done(undefined));
      });
      request.on('timeout', () => request.destroy());
      request.on('error', () => done(undefined));
    });
  }

  /* A gateway says so at its HTTP address, where a balancer looks: then it has instances, too. */
  async ready(program) {
    const place = new URL(process.env.GUILD_TEST_URL);
    place.port = Number(place.port) + Number(/^gateway-(\d+)$/.exec(program)?.[1] ?? 1) - 1;
    const visitor = new Browser(place.origin);
    const look = () => (program.startsWith('gateway') ? visitor.send('GET', '/readyz').catch(() => undefined) : this.ask(program, '/readyz'));
    await eventually(`${program}, ready`, 30, async () => (await look())?.status === 200);
    if (program.startsWith('gateway')) await pause(500); // the balancer has seen it
  }

  /* As an operator does it: the next one's turn is when this one is ready. */
  async restart(program) {
    const old = this.signal(program, 'SIGTERM');
    if (old) await this.renewed(program, old);
    await this.ready(program);
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

  /* Second instances, everybody behind a proxy. */
  async stand() {
    await this.wires.start();
    for (const service of ['auth', 'payment', 'notification']) this.addSecond(service);
    for (const program of this.instances()) {
      this.wires.rewire(program);
      this.rewrite(program, (text) => text.replace(`GUILD_DISK_FOLDER=${this.data}`, `GUILD_DISK_FOLDER=${this.data}/postgresql`));
    }
    for (const gateway of this.gateways()) this.rewrite(gateway, (text) => text.replace(/GUILD_DRAIN_MS=\d+/, 'GUILD_DRAIN_MS=1500')); // a balancer is there
    process.kill(this.lockHolder(), 'SIGHUP');
    for (const program of [...this.instances(), ...this.gateways()]) {
      const old = this.pid(program);
      if (old) process.kill(old, 'SIGTERM');
      await this.renewed(program, old);
    }
    for (const program of this.gateways()) await this.ready(program);
    for (const program of this.instances()) await this.ready(program);
    this.look();
  }

  lockHolder() {
    return Number(fs.readFileSync(path.join(this.run, 'supervise.lock'), 'utf8'));
  }

  rewrite(program, change) {
    const file = path.join(this.run, `${program}.run`);
    fs.writeFileSync(file, change(fs.readFileSync(file, 'utf8')));
  }

  /* What this machine and this build do not allow is not used, and said. */
  look() {
    const lacks = (names, why) => names.forEach((name) => this.unused.push([name, why]));
    lacks(['P3'], 'no disk here forgets what was not synced');
    if (!this.disks().database) lacks(['D1-database', 'D1-files', 'D1-logs'], 'no disk can be mounted here');
    if (!this.wires.hasCables) lacks(['N1-cable', 'N2-cable'], 'no network namespace can be made here');
    if (!fs.existsSync(FAKETIME)) lacks(['C1'], 'faketime is not installed');
    this.isSanitized = /asan|tsan/.test(path.basename(this.build));
    if (this.isSanitized) lacks(['C1'], 'a sanitizer must be the first of the libraries');
    if (!fs.existsSync(path.join(MEMORY, 'memory.limit_in_bytes'))) lacks(['M1'], 'no cgroup can limit memory here');
  }

  disks() {
    const device = (folder) => fs.statSync(path.join(this.data, folder)).dev;
    const isOwn = (folder) => device(folder) !== fs.statSync(path.dirname(this.data)).dev;
    return { database: isOwn('postgresql'), files: isOwn('attachments'), logs: isOwn('logs') };
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

  end() {
    this.wires.end();
    spawnSync('rmdir', [path.join(MEMORY, `guild-test-${process.pid}`)], { stdio: 'ignore' });
  }

  // ---- pieces of faults

  async kill(program) {
    const old = this.signal(program, 'SIGKILL');
    await this.renewed(program, old);
  }

  /* To the last byte; returns how it is emptied. */
  fillDisk(folder) {
    const name = path.join(this.data, folder, 'filler');
    const file = fs.openSync(name, 'w');
    const { bavail, bsize } = fs.statfsSync(name);
    spawnSync('fallocate', ['-l', String(Math.max(bavail * bsize - (1 << 20), 1)), name]);
    const block = Buffer.alloc(1 << 12);
    try {
      for (let at = fs.fstatSync(file).size; ; at += block.length) fs.writeSync(file, block, 0, block.length, at);
    } catch (error) {
      if (error.code !== 'ENOSPC') throw error;
    } finally {
      fs.closeSync(file);
    }
    return () => fs.rmSync(name);
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

  /* A few pages more than it has, and the kernel ends it. */
  async starve(program, burden) {
    const pid = this.pid(program);
    const group = path.join(MEMORY, `guild-test-${process.pid}`);
    fs.mkdirSync(group, { recursive: true });
    fs.writeFileSync(path.join(group, 'memory.limit_in_bytes'), String(1 << 16));
    fs.writeFileSync(path.join(group, 'cgroup.procs'), String(pid));
    for (const end = Date.now() + 15000; this.pid(program) === pid && Date.now() < end;) await burden();
    if (this.pid(program) === pid) {
      fs.writeFileSync(path.join(MEMORY, 'cgroup.procs'), String(pid));
      return `${program} needed no more`;
    }
    await this.renewed(program, pid);
    return this.lastWords(program);
  }

  /* How the supervisor says that it ended. */
  lastWords(program) {
    const lines = fs.readFileSync(path.join(this.data, 'logs', 'supervise.log'), 'utf8').split('\n');
    return lines.filter((line) => line.includes(` ${program}: ended`)).at(-1)?.replace(/^\S+ /, '');
  }

  /* The loop's thread alone; returns how it is let go. */
  hold(program) {
    return new Promise((done, fail) => {
      const child = spawn(path.join(this.build, 'tests/faults/guild-test-freeze'), [String(this.pid(program))],
        { stdio: ['pipe', 'pipe', 'inherit'] });
      child.on('exit', (status) => fail(new Error(`guild-test-freeze ended with ${status}`)));
      child.stdout.once('data', () => done(() => child.stdin.end()));
    });
  }

  // ---- the wall clock of all programs but the stores

  clockFile() {
    return path.join(this.run, 'clock');
  }

  setClock(seconds) {
    fs.writeFileSync(`${this.clockFile()}.new`, `${seconds < 0 ? '' : '+'}${seconds}\n`, { mode: 0o644 });
    fs.renameSync(`${this.clockFile()}.new`, this.clockFile());
  }

  /* Each starts again with a clock that can be set; returns how they get back their own. */
  async fakeClocks() {
    const words = `env -i LD_PRELOAD=${FAKETIME} FAKETIME_TIMESTAMP_FILE=${this.clockFile()} FAKETIME_NO_CACHE=1 ` +
      'FAKETIME_DONT_FAKE_MONOTONIC=1 ';
    const all = [...this.instances(), ...this.gateways()];
    this.setClock(0);
    for (const program of all) this.rewrite(program, (text) => text.replace('env -i ', words));
    for (const program of all) await this.restart(program);
    return async () => {
      for (const program of all) this.rewrite(program, (text) => text.replace(words, 'env -i '));
      for (const program of all) await this.restart(program);
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

module.exports = { Injector, trySignal };
