/* What the programs' logs say of calls: when an instance began one, and until when somebody waited for it.

   A gateway's line of a request (gateway/http.c) and the instances' lines of its calls (common/call.c) have the request's id in
   common. Each is written at the end and says how long it took, so that its beginning is known. A request is given up by its
   route's patience after it came, or after its session was asked for. Not judged: files that are fetched, part by part, each
   with its own time; requests that were not believed at first, and asked twice; what a service asks of another. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '../..');
const CLOCK_SET_MS = 1800000; // as much too late is no beginning: a clock was set by hours in between (the fault C1)

/* The lines of a program's log, the older ones before it was renamed among them. A full disk cuts some in two. */
function readLog(folder, program) {
  const file = path.join(folder, `${program}.log`);
  const texts = [`${file}.1`, file].filter((name) => fs.existsSync(name)).map((name) => fs.readFileSync(name, 'utf8'));
  return texts.join('').split('\n').flatMap((line) => {
    try {
      return line.startsWith('{') ? [JSON.parse(line)] : [];
    } catch {
      return [];
    }
  });
}

const programsOf = (folder) => fs.readdirSync(folder).filter((name) => name.endsWith('.log')).map((name) => name.slice(0, -4));
const beganAt = (line) => Date.parse(line.at) - Number(line.us) / 1000;

/* Milliseconds that the bus has for a call of a route, by its verb and pattern; none of those that are not judged. */
function patiences() {
  const header = fs.readFileSync(path.join(root, 'gateway/http.h'), 'utf8');
  const constant = (name) => Number(new RegExp(`${name} = (\\d+)`).exec(header)[1]);
  const margin = constant('HTTP_BUS_MARGIN_MS');
  const [read, write, upload] = ['READ', 'WRITE', 'UPLOAD'].map((name) => constant(`HTTP_${name}_MS`) - margin);
  const source = fs.readFileSync(path.join(root, 'gateway/routes.c'), 'utf8');
  const rows = source.matchAll(/\{(\w+),\s*"(\/api\/[^"]*)",\s*\w+,\s*"\w+",\s*"\w+",\s*(\w+),/g);
  const list = [...rows].filter(([, , , form]) => form !== 'DOWNLOAD')
    .map(([, verb, pattern, form]) => [`${verb} ${pattern}`, form === 'UPLOAD' ? upload : verb === 'GET' ? read : write]);
  return { read, of: new Map(list) };
}

/* By the request's id: when it came, and how long a call of it may take. */
function requestsOf(folder, gateways) {
  const { read, of } = patiences();
  const requests = new Map();
  for (const program of gateways)
    for (const line of readLog(folder, program).filter(({ message }) => message === 'request')) {
      const patience = of.get(`${line.verb} ${line.route}`);
      if (patience) requests.set(line.request_id, { came: beganAt(line), patience, read });
    }
  return requests;
}

/* Calls that began more than `slackMs` after everybody had given them up: {judged, late: [{program, method, request_id, ms}]}. */
function begunLate(folder, slackMs) {
  const programs = programsOf(folder);
  const gateways = programs.filter((name) => name.startsWith('gateway'));
  const requests = requestsOf(folder, gateways);
  const calls = [];
  for (const program of programs.filter((name) => !gateways.includes(name)))
    for (const line of readLog(folder, program).filter(({ message }) => message === 'call')) {
      const request = requests.get(line.request_id);
      if (!request) continue;
      if (line.method === 'ResolveSession') request.asksSession = true;
      else if (line.reason === 'log_in_first') requests.delete(line.request_id);
      calls.push({ program, method: line.method, request_id: line.request_id, began: beganAt(line) });
    }
  const judged = calls.filter(({ request_id }) => requests.has(request_id));
  for (const call of judged) {
    const { came, patience, read, asksSession } = requests.get(call.request_id);
    call.ms = call.began - came - (call.method === 'ResolveSession' ? read : patience + (asksSession ? read : 0));
  }
  return { judged: judged.length, late: judged.filter(({ ms }) => ms > slackMs && ms < CLOCK_SET_MS) };
}

module.exports = { begunLate, readLog };
