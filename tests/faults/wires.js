/* The connections of the programs, each through a proxy (proxy.c) that can be told to misbehave: over TCP to PostgreSQL and
   to the gateways; to Redis over its socket, since the platform knows no other way there.

   PostgreSQL's and the second gateway's proxies stand in a network namespace of their own, behind a cable each, which can be
   pulled: then packets vanish, as between machines. Where that is not allowed, all are on loopback. */
'use strict';
const fs = require('node:fs');
const net = require('node:net');
const path = require('node:path');
const { execFileSync, spawn, spawnSync } = require('node:child_process');
const { eventually } = require('../support/visitor.js');

const HALVES = ['1', '2']; // of the instances: each has its proxy to each gateway

function freePort() {
  return new Promise((done) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

class Wires {
  proxies = new Map();
  places = new Map(); // of a proxy: what its clients are told

  constructor({ run, build, gateways }) {
    Object.assign(this, { run, build, gateways });
    this.space = `guild-test-${process.pid}`;
  }

  async start() {
    const folder = path.join(this.run, 'proxy');
    fs.mkdirSync(folder, { mode: 0o755 });
    this.hasCables = this.layCables();
    this.startProxy('redis', path.join(folder, 'redis.sock'), path.join(this.run, 'redis.sock'));
    await this.startTcp('postgresql', '.s.PGSQL.5432', 0);
    for (let n = 1; n <= this.gateways; n++)
      for (const half of HALVES) await this.startTcp(`bus-${n}-${half}`, n === 1 ? 'bus.sock' : `bus-${n}.sock`, n === 2 ? 1 : undefined);
    await eventually('the proxies', 5, () => fs.existsSync(path.join(folder, 'redis.sock')));
  }

  /* Two pairs of ends: 0 to PostgreSQL, 1 to the second gateway. */
  layCables() {
    const ip = (...words) => spawnSync('ip', words, { encoding: 'utf8' });
    if (ip('netns', 'add', this.space).status !== 0) return false;
    const block = 1 + (process.pid % 250);
    this.cables = [0, 1].map((n) => ({ near: `gt${process.pid % 100000}n${n}`, far: `gt${process.pid % 100000}f${n}`, net: `10.213.${block}.${4 * n}` }));
    return this.cables.every((cable) => {
      const [near, far] = [1, 2].map((n) => cable.net.replace(/\d+$/, (last) => Number(last) + n));
      cable.address = far;
      return [
        ['link', 'add', cable.near, 'type', 'veth', 'peer', 'name', cable.far, 'netns', this.space],
        ['addr', 'add', `${near}/30`, 'dev', cable.near],
        ['link', 'set', cable.near, 'up'],
        ['-n', this.space, 'addr', 'add', `${far}/30`, 'dev', cable.far],
        ['-n', this.space, 'link', 'set', cable.far, 'up'],
      ].every((words) => ip(...words).status === 0);
    });
  }

  async startTcp(name, socket, cable) {
    const isFar = this.hasCables && cable !== undefined;
    const address = isFar ? this.cables[cable].address : '127.0.0.1';
    const place = `${address}:${await freePort()}`;
    this.startProxy(name, `tcp:${place}`, path.join(this.run, socket), isFar ? ['ip', 'netns', 'exec', this.space] : []);
    this.places.set(name, place);
  }

  startProxy(name, from, to, before = []) {
    const [program, ...words] = [...before, path.join(this.build, 'tests/faults/guild-test-proxy'), from, to];
    this.proxies.set(name, spawn(program, words, { stdio: ['pipe', 'inherit', 'inherit'] }));
  }

  /* The start script of a program, led through the proxies. */
  rewire(program) {
    const file = path.join(this.run, `${program}.run`);
    const half = program.endsWith('-2') ? '2' : '1';
    const [host, port] = this.places.get('postgresql').split(':');
    let text = fs.readFileSync(file, 'utf8').replaceAll(/host=\/\S+?(?=\\? )/g, `host=${host}\\ port=${port}`)
      .replaceAll(`${this.run}/redis.sock`, `${this.run}/proxy/redis.sock`);
    for (let n = 1; n <= this.gateways; n++)
      text = text.replaceAll(`ipc://${this.run}/bus${n === 1 ? '' : `-${n}`}.sock`, `tcp://${this.places.get(`bus-${n}-${half}`)}`);
    fs.writeFileSync(file, text);
  }

  bus(gateway) {
    return HALVES.map((half) => `bus-${gateway}-${half}`);
  }

  tell(names, words) {
    for (const name of names) this.proxies.get(name).stdin.write(`${words}\n`);
  }

  /* The far end goes down: nobody near is told. */
  pull(cable) {
    execFileSync('ip', ['-n', this.space, 'link', 'set', this.cables[cable].far, 'down']);
    return () => execFileSync('ip', ['-n', this.space, 'link', 'set', this.cables[cable].far, 'up']);
  }

  end() {
    for (const child of this.proxies.values()) child.stdin.end();
    for (const { near } of this.cables ?? []) spawnSync('ip', ['link', 'del', near]);
    if (this.cables) spawnSync('ip', ['netns', 'del', this.space]);
  }
}

module.exports = { Wires };
