/* Papers that end: what is soon, and how it is told. */
import { isPast, showTime } from '@shared/time';
import type { Badge } from '@shared/words';

const SOON_DAYS = 90;
const DAY_MS = 24 * 60 * 60_000;

/* The last day that counts as soon. */
export function soon(now = Date.now()): string {
  return showTime(new Date(now + SOON_DAYS * DAY_MS).toISOString()).slice(0, 10);
}

/* What is wrong with a certificate of that last day; undefined: nothing. */
export function expiryBadge(date: string): Badge | undefined {
  if (date === '' || date > soon()) return undefined;
  return isPast(date) ? { text: `${date} 已过期`, tone: 'bad' } : { text: `${date} 到期`, tone: 'wait' };
}
