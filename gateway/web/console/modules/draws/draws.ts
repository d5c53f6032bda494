/* Words for what a draw tells. */
import type { Schema } from '@shared/api';
import type { Badge } from '@shared/words';

export type Draw = Schema<'certification.Draw'>;
export type Conditions = Schema<'certification.DrawConditions'>;
export type Row = Conditions['rows'][number];
export type Result = Draw['results'][number];
type Reason = Draw['exclusions'][number]['reasons'][number];

export const stateBadges: Record<Draw['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  DRAFT: { text: '草稿', tone: 'plain' },
  FROZEN: { text: '名单已锁定', tone: 'wait' },
  DRAWN: { text: '已抽取', tone: 'wait' },
  NOTIFYING: { text: '通知中', tone: 'wait' },
  NEEDS_MORE: { text: '待递补', tone: 'bad' },
  CONFIRMED: { text: '已确认', tone: 'good' },
  CLOSED: { text: '已结束', tone: 'plain' },
  CANCELLED: { text: '已取消', tone: 'plain' },
};

export const titleNames: Record<Row['title'], string> = {
  UNSPECIFIED: '不限',
  JUNIOR: '初级及以上',
  MIDDLE: '中级及以上',
  SENIOR: '副高及以上',
  FULL: '正高',
};

export const reasonNames: Record<Reason, string> = {
  UNSPECIFIED: '',
  EMPLOYER_NOW: '现工作单位',
  EMPLOYER_RECENT: '近三年工作单位',
  DECLARED: '本人申报回避',
  SHARED_PERSON: '单位法人或负责人相同',
  SAME_REGISTERED: '证书注册单位相同',
  NAMED: '工作人员指定回避',
  PAUSED: '暂停参评',
  CERTIFICATE_EXPIRED: '评审日证书已过期',
  SAME_HALF_DAY: '同一半天已被抽中',
  FREQUENCY: '参评次数已达上限',
  AWAY: '本人暂停参评',
  CO_SERVICE: '近三年曾与须回避的人共同评审',
};

export const outcomeNames: Record<Result['outcome'], string> = {
  UNSPECIFIED: '',
  DRAWN: '抽中',
  ALTERNATE: '备选',
  ELSEWHERE: '已在前面的项抽中',
};

export function emptyRow(): Row {
  return { specialty: '', region: '', qualification: '', title: 'UNSPECIFIED', count: 1, alternates: 1 };
}

export function emptyConditions(): Conditions {
  return {
    project_name: '', project_no: '', owner_unit_name: '', owner_uscc: '', review_at: '', review_place: '', contact_phone: '',
    reply_by: '', hide_until: '', rows: [emptyRow()], excluded_units: [], excluded_experts: [], observers: '', frequency_cap: 0,
    beacon_round: '',
  };
}

export function countOf(conditions: Conditions): number {
  return conditions.rows.reduce((sum, row) => sum + row.count, 0);
}
