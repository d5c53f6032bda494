/* A browser, as far as filling in forms over HTTP needs one. */
'use strict';
const http = require('node:http');
const { randomBytes, randomUUID } = require('node:crypto');

class Browser {
  cookies = new Map();
  nonce = randomBytes(16).toString('hex');

  /* `address`: of this machine, that it comes from; undefined: as the system chooses. */
  constructor(origin, address) {
    this.origin = origin;
    this.address = address;
  }

  /* The answer as {status, headers, body, sends}; body is parsed where it is JSON. */
  async send(method, target, { json, bytes, type, headers = {} } = {}) {
    const body = bytes ?? (json === undefined ? undefined : Buffer.from(JSON.stringify(json)));
    const sent = { Origin: this.origin, 'Sec-Fetch-Site': 'same-origin', ...headers };
    if (method !== 'GET') {
      sent['X-Guild-Request'] = '1'; // no other site's form can send it
      sent['Idempotency-Key'] ??= randomUUID();
    }
    if (body) sent['Content-Type'] = type ?? 'application/json';
    sent['Content-Length'] = body ? body.length : 0;
    if (this.cookies.size > 0)
      sent.Cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const answer = await exchange(this, method, target, sent, body);
    for (const cookie of answer.headers['set-cookie'] ?? []) this.keep(cookie);
    return answer;
  }

  keep(cookie) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
    if (value === '' || /max-age=0/i.test(cookie)) this.cookies.delete(name);
    else this.cookies.set(name, value);
  }

  /* The same, where the status must be the expected one. */
  async expect(status, method, target, content) {
    const answer = await this.send(method, target, content);
    if (answer.status !== status)
      throw new Error(
        `${method} ${target}: ${answer.status} instead of ${status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  get(target) {
    return this.expect(200, 'GET', target);
  }
  post(target, json = {}) {
    return this.expect(200, 'POST', target, { json });
  }
  put(target, json) {
    return this.expect(200, 'PUT', target, { json });
  }
}

/* A kept connection may be closed by the other side just as it is used again: the request goes once more, on another. How
   often it went is in `sends`, of the answer or of the error: what became of those without an answer nobody knows. */
async function exchange(browser, method, target, headers, body) {
  for (let sends = 1; ; sends++) {
    try {
      return { ...await once(browser, method, target, headers, body), sends };
    } catch (error) {
      if (!error.wasClosed) throw Object.assign(error, { sends });
    }
  }
}

function once({ origin, address }, method, target, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(target, origin), { method, headers, timeout: 15000, localAddress: address });
    request.on('timeout', () => request.destroy(new Error(`${method} ${target}: no answer in 15 s`)));
    request.on('error', (error) =>
      reject(Object.assign(error, { wasClosed: request.reusedSocket && error.code === 'ECONNRESET' })));
    request.on('response', (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const whole = Buffer.concat(parts);
        const isJson = /json/.test(response.headers['content-type'] ?? '');
        resolve({
          status: response.statusCode,
          headers: response.headers,
          body: isJson && whole.length > 0 ? JSON.parse(whole.toString('utf8')) : whole,
        });
      });
    });
    request.end(body);
  });
}

module.exports = { Browser };
