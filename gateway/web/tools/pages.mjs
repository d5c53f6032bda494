/* The public pages: plain HTML from deploy/association.json, which also seeds the fee schedule. Into $GUILD_WEB_OUT. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { documents, notFound } from '../site/documents.mjs';
import { draws } from '../site/draws.mjs';
import { expert } from '../site/expert.mjs';
import { home } from '../site/home.mjs';
import { invitation } from '../site/invitation.mjs';
import { verify } from '../site/verify.mjs';

const web = fileURLToPath(new URL('..', import.meta.url));
const out = process.env.GUILD_WEB_OUT;
const read = (name) => readFileSync(path.join(web, name), 'utf8');

function write(name, content) {
  const file = path.join(out, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, String(content));
}

/* Its name holds a hash of its content, so that browsers may keep it for ever. */
function writeAsset(name, content) {
  const { name: stem, ext } = path.parse(name);
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 10);
  const address = `/assets/${stem}-${hash}${ext}`;
  write(address, content);
  return address;
}

/* The check's own script, beside the one library that it needs. */
function writeVerify() {
  const library = writeAsset('ed25519.js', read('node_modules/@noble/ed25519/index.js'));
  return writeAsset('verify.js', read('site/verify.js').replace("'@noble/ed25519'", `'${library}'`));
}

const site = JSON.parse(read('../../deploy/association.json'));
const assets = {
  css: writeAsset('site.css', `${read('shared/base.css')}\n${read('site/site.css')}`),
  js: writeAsset('site.js', read('site/site.js')),
  verify: writeVerify(),
  draws: writeAsset('draws.js', read('site/draws.js')),
  expert: writeAsset('expert.js', read('site/expert.js')),
  invitation: writeAsset('invitation.js', read('site/invitation.js')),
};

write('index.html', home(site, assets));
write('draws.html', draws(site, assets));
write('expert.html', expert(site, assets));
write('i.html', invitation(site, assets));
write('404.html', notFound(site, assets));
write('verify.html', verify(site, assets));
for (const [name, content] of documents(site, assets)) write(name, content);
write('favicon.svg', read('site/favicon.svg'));
write('robots.txt', 'User-agent: *\nDisallow: /app/\nDisallow: /console/\nDisallow: /api/\n');
