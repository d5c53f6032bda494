/* Words for what the pool tells. */
import type { Schema } from '@shared/api';
import { dictionary } from '@shared/forms';
import { isPast, showTime } from '@shared/time';
import type { Badge } from '@shared/words';

export type Expert = Schema<'certification.Expert'>;
export type Event = Schema<'certification.ExpertHistoryEntry'>['event'];

const SOON_DAYS = 90;
const DAY_MS = 24 * 60 * 60_000;

export const stateBadges: Record<Expert['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  IN_POOL: { text: '在库', tone: 'good' },
  PAUSED: { text: '已暂停', tone: 'wait' },
  REMOVED: { text: '已出库', tone: 'plain' },
};

export const eventNames: Record<Event, string> = {
  UNSPECIFIED: '',
  JOINED: '入库',
  CHANGED: '更新资料',
  PAUSED: '暂停',
  RESUMED: '恢复',
  REMOVED: '出库',
};

/* The last day that counts as soon. */
export function soon(now = Date.now()): string {
  return showTime(new Date(now + SOON_DAYS * DAY_MS).toISOString()).slice(0, 10);
}

/* What is wrong with a certificate of that last day; undefined: nothing. */
export function expiryBadge(date: string): Badge | undefined {
  if (date === '' || date > soon()) return undefined;
  return isPast(date) ? { text: `${date} 已过期`, tone: 'bad' } : { text: `${date} 到期`, tone: 'wait' };
}

export function namesOf(list: string, codes: string[]): string {
  const items = dictionary(list).value;
  return codes.map((code) => items.find((item) => item.code === code)?.name ?? code).join('、');
}
