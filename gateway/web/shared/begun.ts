/* Which uploads this browser has begun and not brought to an end, so that a file that is chosen once more after the page was
   loaded anew goes on where it was; otherwise it is sent anew. A file is known by its name and the hash of its content. */
import { hashOf } from './hash';
import { keptKeys } from './kept';

const DAY_MS = 86_400_000; // as long as the server keeps what came of it

const begun = keptKeys(() => localStorage, 'guild.begun', DAY_MS);

/* What a file of a name, for a purpose, is known by; '' where the browser does not tell (a page that did not come over HTTPS). */
export async function markOf(purpose: string, name: string, file: Blob): Promise<string> {
  const content = await file.arrayBuffer().catch(() => undefined);
  const hash = content ? await hashOf(content) : ''; // where it cannot be read, the sending tells
  return hash === '' ? '' : `${purpose} ${name} ${hash}`;
}

/* The key of the upload that was begun; undefined: none was. */
export const begunKey = begun.keyOf;

export function keepBegun(mark: string, key: string): void {
  if (mark !== '') begun.keep(mark, key);
}

export const forgetBegun = begun.forget;
