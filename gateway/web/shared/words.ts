/* Words for the states of the contract. */
import type { Schema } from './api';

export type Identity = Schema<'certification.Identity'>;
export type Kind = Identity['kind'];
export type Tone = 'plain' | 'wait' | 'good' | 'bad';

export interface Badge {
  text: string;
  tone: Tone;
}

export const kindNames: Record<Kind, string> = {
  UNSPECIFIED: '',
  OWNER_UNIT: '建设单位',
  MEMBER_UNIT: '会员单位',
  EXPERT: '专家',
  NATURAL_PERSON: '自然人',
};

export const stateBadges: Record<Identity['state'], Badge> = {
  NONE: { text: '未认证', tone: 'plain' },
  PENDING: { text: '审核中', tone: 'wait' },
  APPROVED: { text: '已认证', tone: 'good' },
  REJECTED: { text: '已驳回', tone: 'bad' },
  APPROVED_PENDING: { text: '审核中', tone: 'wait' },
  APPROVED_REJECTED: { text: '已认证', tone: 'good' },
  REVOKED: { text: '已撤销', tone: 'bad' },
  EXPIRED: { text: '已过期', tone: 'bad' },
};

export const reviewBadges: Record<Schema<'certification.ReviewItem'>['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  QUEUED: { text: '待审核', tone: 'plain' },
  CLAIMED: { text: '审核中', tone: 'wait' },
  APPROVED: { text: '已通过', tone: 'good' },
  REJECTED: { text: '已驳回', tone: 'bad' },
  CANCELLED: { text: '已撤回', tone: 'plain' },
};

export const stepNames: Record<Schema<'certification.TimelineEntry'>['step'], string> = {
  UNSPECIFIED: '',
  SUBMITTED: '已提交',
  REVIEWING: '审核中',
  SECOND_REVIEW: '复核中',
  APPROVED: '审核通过',
  REJECTED: '已驳回',
  WITHDRAWN: '已撤回',
  FINISHED: '结束',
  REVOKED: '已撤销',
  EXPIRED: '已过期',
};

export const replyBadges: Record<Schema<'certification.Invitation'>['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  INVITED: { text: '待答复', tone: 'wait' },
  ACCEPTED: { text: '参加', tone: 'good' },
  DECLINED: { text: '不参加', tone: 'bad' },
  NO_ANSWER: { text: '未答复', tone: 'bad' },
};
