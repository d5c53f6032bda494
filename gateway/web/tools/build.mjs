/* Builds the whole web into $GUILD_WEB_OUT: the public pages, /app/ and /console/, each file also as .gz and .br.
   Needs $GUILD_OPENAPI. Writes nowhere else but under node_modules. */
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const web = fileURLToPath(new URL('..', import.meta.url));
const out = path.resolve(process.env.GUILD_WEB_OUT ?? '');
if (!process.env.GUILD_WEB_OUT || `${web}/`.startsWith(`${out}/`)) {
  console.error('Set GUILD_WEB_OUT to a folder outside the sources; it will be emptied.');
  process.exit(2);
}
process.env.GUILD_WEB_OUT = out;

function run(program, ...args) {
  return new Promise((done, failed) => {
    const child = spawn(process.execPath, [path.join(web, program), ...args], { cwd: web, stdio: 'inherit' });
    child.on('error', failed);
    child.on('exit', (status) => (status === 0 ? done() : failed(new Error(`${program} ${args.join(' ')}: ended with ${status}`))));
  });
}

async function bundle() {
  for (const application of ['portal', 'console'])
    await run('node_modules/vite/bin/vite.js', 'build', '--logLevel', 'warn', '--config', 'vite.config.ts', '--mode', application);
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
await run('tools/contract.mjs');
/* Side by side, each to its end: none still writes when this ends. */
const ends = await Promise.allSettled([run('node_modules/vue-tsc/bin/vue-tsc.js', '--noEmit'), bundle()]);
const mistake = ends.find(({ reason }) => reason)?.reason;
if (mistake) throw mistake;
await run('tools/pages.mjs');
await run('tools/compress.mjs', out);

const files = readdirSync(out, { recursive: true }).filter((name) => !/\.(br|gz)$/.test(name))
  .filter((name) => statSync(path.join(out, name)).isFile());
console.log(`web: ${files.length} files in ${out}`);
