/* 申诉: its words. */
import type { Schema } from './api';
import type { Badge } from './words';

export type Appeal = Schema<'certification.Appeal'>;

export const appealBadges: Record<Appeal['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  OPEN: { text: '处理中', tone: 'wait' },
  WITHDRAWN: { text: '已撤回', tone: 'plain' },
  UPHELD: { text: '维持原决定', tone: 'bad' },
  OVERTURNED: { text: '撤销原决定', tone: 'good' },
};

export const decisionNames: Record<Appeal['decision'], string> = {
  UNKNOWN: '', REVOCATION: '撤销认证', REFUSAL: '驳回申请',
};
