/* A quiet moment: what still waits is waited for, then the checker (check.js) is asked. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { spawnSync } = require('node:child_process');
const { pause } = require('../support/visitor.js');

/* No event waits, no text message does: those that wait for their next try have it now. */
async function settle(sql) {
  const outboxes = ['auth', 'certification', 'payment'].map((schema) => `${schema}.outbox`);
  const left = outboxes.map((outbox) => `(SELECT count(*) FROM ${outbox} WHERE delivered_at IS NULL)`).join(' + ');
  const waiting = `SELECT ${left} + (SELECT count(*) FROM notification.delivery
                            WHERE state = 'QUEUED' OR (state = 'SENDING' AND NOT is_code))`;
  for (const end = Date.now() + 60000; Date.now() < end; await pause(1000)) {
    if (sql(waiting) === '0') return;
    for (const outbox of outboxes)
      sql(`UPDATE ${outbox} SET next_at = now()
            WHERE delivered_at IS NULL AND next_at > now() + interval '1 second'`);
    sql(`UPDATE notification.delivery SET next_at = now()
          WHERE state = 'QUEUED' OR (state = 'SENDING' AND created_at < now() - interval '10 seconds')`);
  }
}

/* What the checker is given for a platform that with-platform started. */
function settingOf(run, data, output) {
  return {
    log: path.join(output, 'intents.jsonl'), database: `host=${run} user=guild dbname=guild`,
    attachments: path.join(data, 'attachments'), keyring: path.join(data, 'secrets/keys/field.key'),
    sms: path.join(data, 'sms/sms.jsonl'), logs: path.join(data, 'logs'), blobs: path.resolve(output, '../../tests/faults/guild-test-blobs'),
    setting: path.join(output, 'check.json'),
  };
}

function check(setting) {
  fs.writeFileSync(setting.setting, JSON.stringify(setting));
  const told = spawnSync(path.join(__dirname, 'check.js'), [setting.setting], { encoding: 'utf8', maxBuffer: 1 << 28 });
  if (![0, 1].includes(told.status) || told.stdout === '') throw new Error(`the checker ended with ${told.status}: ${told.stderr}`);
  return JSON.parse(told.stdout);
}

module.exports = { check, settingOf, settle };
