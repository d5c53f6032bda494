/* What the load meant to do and what it was told, a JSON object a line; a line is on the disk before `append` resolves.

     {intent, at, op, who, key, …}   an operation is about to be sent for the first time; `who` is its principal
     {answer, at, status, body, sends}   to the intent of that number; status 0: there was none; `sends`: how often it went out
     {dead, at, who}                 a session that was ended, by a log-out or a changed password
     {probe, at, status}             what that session was answered later
     {breach}                        words of the load itself: it read another thing than it wrote */
'use strict';
const fs = require('node:fs');

class IntentLog {
  waiting = [];
  writing = false;

  constructor(file) {
    this.file = fs.promises.open(file, 'a');
  }

  append(line) {
    return new Promise((done, fail) => {
      this.waiting.push({ text: `${JSON.stringify(line)}\n`, done, fail });
      if (!this.writing) void this.write();
    });
  }

  /* One fsync for all that wait. */
  async write() {
    this.writing = true;
    const file = await this.file;
    while (this.waiting.length > 0) {
      const some = this.waiting.splice(0);
      try {
        await file.appendFile(some.map((one) => one.text).join(''));
        await file.datasync();
        for (const one of some) one.done();
      } catch (error) {
        for (const one of some) one.fail(error);
      }
    }
    this.writing = false;
  }
}

/* The log as the checker reads it: intents by number with their answers, and the probes of ended sessions. */
function readIntents(file) {
  const intents = new Map();
  const sessions = new Map();
  const breaches = [];
  for (const text of fs.readFileSync(file, 'utf8').split('\n')) {
    if (text === '') continue;
    const line = JSON.parse(text);
    if (line.intent) intents.set(line.intent, { ...line, n: line.intent, answers: [] });
    else if (line.answer) intents.get(line.answer).answers.push(line);
    else if (line.dead) sessions.set(line.dead, { ...line, probes: [] });
    else if (line.probe) sessions.get(line.probe).probes.push(line);
    else if (line.breach) breaches.push(line.breach);
  }
  return { intents: [...intents.values()], sessions: [...sessions.values()], breaches };
}

module.exports = { IntentLog, readIntents };
