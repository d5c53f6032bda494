/* What the platform is measured against: one Node process that does the same work for the same JSON, with no message
   between browser and database but Redis's for the session. Fastify, pg and ioredis as their manuals use them.

   Environment: PORT, PGHOST (folder of PostgreSQL's socket), REDIS (path of its socket), LOG (a file), PASSWORD (everybody's). */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const crypto = require('node:crypto');
const fastify = require('fastify');
const argon2 = require('@node-rs/argon2');
const Redis = require('ioredis');
const { Pool } = require('pg');

const root = path.resolve(__dirname, '../../..');
const redis = new Redis({ path: process.env.REDIS });
const pool = new Pool({ host: process.env.PGHOST, user: 'guild', database: 'guild', max: 10,
  options: '-csearch_path=certification,payment -cTimeZone=Asia/Shanghai' });
const app = fastify({ logger: { level: 'info', file: process.env.LOG } });

/* A statement of the services' own, by its name, with $1, $2 … for the names given. */
function statementOf(service, name, parameters) {
  const text = fs.readFileSync(path.join(root, 'services', service, 'queries.sql'), 'utf8');
  const [, body] = new RegExp(`-- name: ${name}\\n([\\s\\S]*?;)\\n`).exec(text);
  return body.replace(/--.*\n/g, '\n').replace(/(?<!:):([a-z_]+)/g, (_, word) => `$${parameters.indexOf(word) + 1}`);
}

const identityList = { name: 'identity_list', text: statementOf('certification', 'identity_list', ['caller_id']) };
const feeList = { name: 'fee_list', text: statementOf('payment', 'fee_list', []) };
const draftSave = { name: 'draft_save', text: statementOf('certification', 'draft_save', ['caller_id', 'kind', 'form', 'version']) };

const text = { type: 'string', maxLength: 200 };
const draftSchema = {
  body: {
    type: 'object',
    additionalProperties: false,
    properties: {
      version: { type: 'integer', minimum: 0 },
      form: {
        type: 'object',
        additionalProperties: false,
        properties: {
          owner_unit: {
            type: 'object',
            additionalProperties: false,
            properties: { unit_name: text, contact_name: text, contact_phone: text, uscc: text,
              business_license_file: { type: 'array', items: text, maxItems: 2 } },
          },
        },
      },
    },
  },
};

const time = (value) => (value === null ? '' : value.toISOString());

/* The account of the session, or undefined. */
async function accountOf(request) {
  const token = /(?:^|; )sid=([0-9a-f]{64})/.exec(request.headers.cookie ?? '')?.[1];
  const account = token && (await redis.get(`bench:${token}`));
  return account ?? undefined;
}

app.get('/api/v1/identities', async (request, reply) => {
  const account = await accountOf(request);
  if (account === undefined) return reply.code(401).send({ reason: 'log_in_first' });
  const { rows } = await pool.query({ ...identityList, values: [account] });
  return { identities: rows.map((row) => ({
    ...row, submitted_at: time(row.submitted_at), decided_at: time(row.decided_at), ending_on: row.ending_on?.toLocaleDateString('sv-SE') ?? '',
  })) };
});

/* Only the draft's version: where the load begins. */
app.get('/api/v1/identities/:kind', async (request, reply) => {
  const account = await accountOf(request);
  if (account === undefined) return reply.code(401).send({ reason: 'log_in_first' });
  const { rows } = await pool.query('SELECT version FROM draft WHERE account_id = $1 AND kind = $2', [account, request.params.kind]);
  return { draft: { version: rows[0]?.version ?? 0 } };
});

app.get('/api/v1/fees', async () => ({ fees: (await pool.query(feeList)).rows.map((fee) => ({ ...fee, document: '', in_force: false })) }));

app.put('/api/v1/identities/:kind/draft', { schema: draftSchema }, async (request, reply) => {
  const account = await accountOf(request);
  if (account === undefined) return reply.code(401).send({ reason: 'log_in_first' });
  const { kind } = request.params;
  const { version, form: { owner_unit: form } } = request.body;
  const whole = { unit_name: '', contact_name: '', contact_phone: '', uscc: '', business_license_file: [], ...form };
  const key = [`BENCH:${account}`, 'SaveDraft', request.headers['idempotency-key']];
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query({ name: 'key', text: 'INSERT INTO certification.idempotency (principal, method, key, body_hash) VALUES ($1, $2, $3, $4)',
      values: [...key, crypto.createHash('sha256').update(JSON.stringify(request.body)).digest()] });
    const { rows } = await client.query({ ...draftSave, values: [account, kind, JSON.stringify(whole), version] });
    await client.query({ name: 'answer', text: 'UPDATE certification.idempotency SET answer = $4 WHERE principal = $1 AND method = $2 AND key = $3',
      values: [...key, JSON.stringify(rows)] });
    await client.query('COMMIT');
    if (rows.length === 0) return reply.code(409).send({ reason: 'draft_changed' });
    return { ...rows[0], saved_at: time(rows[0].saved_at) };
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
});

const argon2Costs = { memoryCost: 64 * 1024, timeCost: 2, parallelism: 1 };
const passwordHash = argon2.hash(process.env.PASSWORD, argon2Costs); // the platform's are peppered with its own key
const accountByPhone = { name: 'account_by_phone', text: 'SELECT id, password_hash FROM auth.account WHERE phone = $1' };

app.post('/api/v1/sessions', async (request, reply) => {
  const { rows } = await pool.query({ ...accountByPhone, values: [request.body.phone] });
  if (rows.length === 0 || !(await argon2.verify(await passwordHash, request.body.password)))
    return reply.code(401).send({ reason: 'log_in_wrong' });
  const token = crypto.randomBytes(32).toString('hex');
  await redis.set(`bench:${token}`, rows[0].id, 'EX', 7200);
  reply.header('Set-Cookie', `sid=${token}; HttpOnly; SameSite=Lax`);
  return { account_id: rows[0].id };
});

app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' });
