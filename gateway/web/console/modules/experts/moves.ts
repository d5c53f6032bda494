/* What staff may do with an expert, by state (SM7). */
import type { Expert } from './experts';

export type Move = 'PAUSE' | 'RESUME' | 'REMOVE';

export const moves: Record<Move, { text: string; done: string; means: string; example: string }> = {
  PAUSE: { text: '暂停参评', done: '已暂停', means: '暂停期间不参加抽取，可以随时恢复。', example: '例如：出国半年' },
  RESUME: { text: '恢复参评', done: '已恢复', means: '恢复后重新参加抽取。', example: '例如：已经回国' },
  REMOVE: { text: '移出专家库', done: '已移出', means: '移出后不能恢复，资料和履历仍保留。', example: '例如：本人申请退出' },
};

export const movesFrom: Record<Expert['state'], Move[]> = {
  UNSPECIFIED: [],
  IN_POOL: ['PAUSE', 'REMOVE'],
  PAUSED: ['RESUME', 'REMOVE'],
  REMOVED: [],
};
