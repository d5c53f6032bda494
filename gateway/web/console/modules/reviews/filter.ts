/* The part of the queue that is looked at, as the address bar has it: the list, and the cases opened from it, go by the same. */
import type { Request, Schema } from '@shared/api';
import { isPast } from '@shared/time';
import { kindNames, type Kind } from '@shared/words';
import type { LocationQuery } from 'vue-router';

export type Item = Schema<'certification.ReviewItem'>;
export type Filter = Omit<Request<'listReviews'>, 'cursor' | 'limit'>;

export const views = [
  { value: 'OPEN', text: '全部未办结' },
  { value: 'QUEUED', text: '待审核' },
  { value: 'SECOND', text: '待复核' },
  { value: 'MINE', text: '我领取的' },
  { value: 'OVERDUE', text: '已超期' },
  { value: 'DECIDED', text: '已办结' },
] as const;
export const kinds = (['OWNER_UNIT', 'MEMBER_UNIT', 'EXPERT', 'NATURAL_PERSON'] as Kind[]).map((value) => ({ value, text: kindNames[value] }));
export const sorts = [
  { value: 'OLDEST_FIRST', text: '最早提交在前' },
  { value: 'NEWEST_FIRST', text: '最新提交在前' },
] as const;

/* A value of the address bar, when it is one of the list's; otherwise the first. */
function chosen<Value extends string>(asked: unknown, list: readonly { value: Value }[], fallback: Value): Value {
  return list.find((one) => one.value === asked)?.value ?? fallback;
}

export function filterOf(query: LocationQuery): Required<Filter> {
  return {
    view: chosen(query.view, views, 'OPEN'),
    kind: chosen(query.kind, kinds, 'UNSPECIFIED'),
    sort: chosen(query.sort, sorts, 'OLDEST_FIRST'),
    q: typeof query.q === 'string' ? query.q : '',
  };
}

const isOpen = (item: Item) => item.state === 'QUEUED' || item.state === 'CLAIMED';

/* Whether an item that just changed belongs into the list (words are not looked for: the server knows). */
export function belongs(item: Item, filter: Required<Filter>): boolean {
  if (filter.kind !== 'UNSPECIFIED' && filter.kind !== item.kind) return false;
  switch (filter.view) {
    case 'QUEUED': return item.state === 'QUEUED' && item.first_approved_by_name === '';
    case 'SECOND': return isOpen(item) && item.first_approved_by_name !== '';
    case 'MINE': return item.state === 'CLAIMED' && item.claimed_by_me;
    case 'DECIDED': return item.state === 'APPROVED' || item.state === 'REJECTED';
    case 'OVERDUE': return isOpen(item) && isPast(item.expected_by);
    default: return isOpen(item);
  }
}

/* What a reviewer may take next: not what a colleague has, nor what is kept for one, nor what waits for another person. */
export function isForMe(item: Item): boolean {
  return item.may_act && (item.state === 'QUEUED' || item.claimed_by_me) && (item.preferred_name === '' || item.preferred_me);
}
