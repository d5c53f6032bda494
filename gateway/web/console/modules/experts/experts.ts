/* Words for what the pool tells. */
import type { Schema } from '@shared/api';
import type { Badge } from '@shared/words';

export type Expert = Schema<'certification.Expert'>;
export type Event = Schema<'certification.ExpertHistoryEntry'>['event'];

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
  AWAY: '本人暂停参评',
  BACK: '本人恢复参评',
};

/* His own days; undefined: none. */
export function awayBadge(expert: Expert): Badge | undefined {
  if (!expert.away_until) return undefined;
  return { text: expert.is_away ? `本人暂停至 ${expert.away_until}` : `${expert.away_from} 起本人暂停`, tone: 'wait' };
}
