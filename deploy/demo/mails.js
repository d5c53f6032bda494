/* E-mails of the development provider: files in a folder (services/notification/mail.c). */
'use strict';
const fs = require('node:fs');
const path = require('node:path');

/* Those to an address as they are, the newest last. */
function mailsTo(folder, address) {
  return fs.readdirSync(folder).filter((name) => name.endsWith('.eml')).map((name) => path.join(folder, name))
    .map((file) => ({ at: fs.statSync(file).mtimeMs, text: fs.readFileSync(file, 'utf8') }))
    .filter(({ text }) => text.includes(`To: <${address}>`)).sort((a, b) => a.at - b.at).map(({ text }) => text);
}

/* The words of one. */
const wordsOf = (mail) => Buffer.from(/Content-Transfer-Encoding: base64\r\n\r\n([\w+/=\r\n]*)/.exec(mail)[1], 'base64').toString();

/* The token of the newest link that verifies the mailbox; undefined: there is none yet. */
const mailboxToken = (folder, address) => mailsTo(folder, address).map((mail) => /\/app\/m\/([\w-]+)/.exec(wordsOf(mail))?.[1]).filter(Boolean).at(-1);

module.exports = { mailboxToken, mailsTo };
