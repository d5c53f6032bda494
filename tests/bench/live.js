/* The live queue of tests/bench/measure: many windows of the console have the queue open and ask what changed, as
   modules/reviews/useChanges.ts does, while forms are handed in. */
'use strict';
const assert = require('node:assert/strict');
const fs = require('node:fs');
const { pause } = require('../support/visitor.js');

const EVERY_MS = 2500; // as useChanges.ts
const HANDED_IN_EVERY_MS = 2000;

const at = (list, share) => list[Math.min(list.length - 1, Math.floor(list.length * share))];

/* One window: what it saw, application number → when. */
async function watch(clerk, first, until, took) {
  const seen = new Map();
  await pause(first);
  for (let since = '0'; Date.now() < until; await pause(EVERY_MS)) {
    const from = performance.now();
    const { now, reviews } = await clerk.get(`/api/v1/staff/reviews/changes?since=${since}`);
    took.push(performance.now() - from);
    since = now;
    for (const { application_no } of reviews) if (!seen.has(application_no)) seen.set(application_no, performance.now());
  }
  return seen;
}

/* One form after the other, each by another person; application number → when it was handed in. */
async function handIn(people, until) {
  const handedIn = new Map();
  for (const { browser, form } of people) {
    if (Date.now() >= until) break;
    const { draft } = await browser.get('/api/v1/identities/OWNER_UNIT');
    const from = performance.now();
    const { application_no } = await browser.post('/api/v1/identities/OWNER_UNIT/submissions', { version: draft.version, form: { owner_unit: form } });
    handedIn.set(application_no, from);
    await pause(HANDED_IN_EVERY_MS);
  }
  return handedIn;
}

/* Connections that are open at the port, by the kernel's table. */
function openAt(port) {
  const wanted = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return fs.readFileSync('/proc/net/tcp', 'utf8').split('\n').map((line) => line.trim().split(/\s+/))
    .filter(([, local, , state]) => local?.endsWith(wanted) && state === '01').length;
}

async function countConnections(port, until) {
  let most = 0;
  for (; Date.now() < until; await pause(50)) most = Math.max(most, openAt(port));
  return most;
}

/* So many windows, of the clerks in turn, for so long; they begin spread over one interval, and after it the forms come. What is handed
   in must be seen by every window. Times in ms. */
async function watchQueue({ clerks, people, windows, seconds, port }) {
  const end = Date.now() + EVERY_MS + seconds * 1000;
  const took = [];
  const watched = Array.from({ length: windows }, (_, i) => watch(clerks[i % clerks.length], (i * EVERY_MS) / windows, end, took));
  const connections = countConnections(port, end);
  await pause(2 * EVERY_MS); // each has asked where to go on from
  const handedIn = await handIn(people, end - 2 * EVERY_MS);
  const late = [];
  for (const seen of await Promise.all(watched))
    for (const [application, when] of handedIn) {
      assert.ok(seen.has(application), 'a window did not see what was handed in');
      late.push(seen.get(application) - when);
    }
  for (const list of [took, late]) list.sort((one, other) => one - other);
  return { requests: took.length, connections: await connections, items: handedIn.size, p50: at(took, 0.5), p99: at(took, 0.99), late50: at(late, 0.5), late99: at(late, 0.99) };
}

module.exports = { watchQueue };
