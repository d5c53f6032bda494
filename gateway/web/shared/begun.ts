/* Which uploads this browser has begun and not brought to an end, so that a file that is chosen once more after the page was
   loaded anew goes on where it was. A file is known by its name and the hash of its content. */
import { hashOf } from './hash';

const KEPT = 'guild.begun';
const DAY_MS = 86_400_000; // as long as the server keeps what came of it

type Begun = Record<string, { key: string; at: number }>;

function read(): Begun {
  try {
    const kept = JSON.parse(localStorage.getItem(KEPT) ?? '{}') as Begun;
    return Object.fromEntries(Object.entries(kept).filter(([, { at }]) => at > Date.now() - DAY_MS));
  } catch {
    return {}; // forbidden, or not ours
  }
}

function write(begun: Begun): void {
  try {
    localStorage.setItem(KEPT, JSON.stringify(begun));
  } catch {
    return; // forbidden or full: it is sent anew after the next loading
  }
}

/* What a file of a name, for a purpose, is known by; '' where the browser does not tell (a page that did not come over HTTPS). */
export async function markOf(purpose: string, name: string, file: Blob): Promise<string> {
  const content = await file.arrayBuffer().catch(() => undefined);
  const hash = content ? await hashOf(content) : ''; // where it cannot be read, the sending tells
  return hash === '' ? '' : `${purpose} ${name} ${hash}`;
}

/* The key of the upload that was begun; undefined: none was. */
export const begunKey = (mark: string): string | undefined => read()[mark]?.key;

export function keepBegun(mark: string, key: string): void {
  if (mark !== '') write({ ...read(), [mark]: { key, at: Date.now() } });
}

export function forgetBegun(mark: string): void {
  const { [mark]: ended, ...rest } = read();
  if (ended) write(rest);
}
