/* Puts FILE.gz and FILE.br beside each text file of a folder, where they are smaller: the gateway serves them as they are.
   $GUILD_WEB_BROTLI is how hard it tries, 0 to 11 (11, which takes ten times as long as 5). */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';

const [folder] = process.argv.slice(2);
const quality = Number(process.env.GUILD_WEB_BROTLI ?? 11);

async function compress(file) {
  const plain = readFileSync(file);
  const ways = [
    ['br', promisify(brotliCompress)(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } })],
    ['gz', promisify(gzip)(plain, { level: 9 })],
  ];
  for (const [ending, coming] of ways) {
    const packed = await coming;
    if (packed.length < plain.length) writeFileSync(`${file}.${ending}`, packed);
  }
}

const names = readdirSync(folder, { recursive: true }).filter((name) => /\.(html|css|js|svg|json|txt)$/.test(name));
await Promise.all(names.map((name) => compress(path.join(folder, name))));
