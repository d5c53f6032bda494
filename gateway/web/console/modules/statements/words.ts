/* Words of lines of the bank. */
import type { Schema } from '@shared/api';
import type { Badge } from '@shared/words';

export type Line = Schema<'payment.StatementLine'>;
export type NotDues = Line['not_dues'];

export const lineBadges: Record<Line['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  NEW: { text: '待认领', tone: 'wait' },
  PROPOSED: { text: '待确认', tone: 'wait' },
  ALLOCATED: { text: '已核对', tone: 'good' },
  IGNORED: { text: '非会费', tone: 'plain' },
};

export const notDuesKinds: { value: NotDues; text: string }[] = [
  { value: 'INTEREST', text: '银行利息' },
  { value: 'EVENT', text: '培训、会议、活动收费' },
  { value: 'SETTLEMENT', text: '收款码结算款（会费以商户明细的各笔为准）' },
  { value: 'RETURNED', text: '退回的款项' },
  { value: 'OWN_TRANSFER', text: '自有资金划转' },
  { value: 'DONATION', text: '捐赠、赞助' },
  { value: 'EXPENSE', text: '协会支出' },
  { value: 'OTHER', text: '其他（请写明）' },
];

/* What a line may be: only what went out is an expense, and only what came in a settlement. */
export const notDuesKindsOf = (line: Line) => notDuesKinds.filter((one) => one.value !== (line.is_out ? 'SETTLEMENT' : 'EXPENSE'));

/* What a line, or a part of it, is that is no dues; with what was noted. */
export function notDuesWords(line: Line): string {
  const kind = notDuesKinds.find((one) => one.value === line.not_dues)?.text.replace(/（.*/, '') ?? '';
  return [line.not_dues === 'OTHER' && line.reason ? '' : kind, line.reason].filter(Boolean).join('：');
}

/* A line's badge: of money that went out, in its own words. */
export function badgeOf(line: Line): Badge {
  if (!line.is_out) return lineBadges[line.state];
  return line.state === 'NEW' ? { text: '待核对', tone: 'wait' } : line.state === 'ALLOCATED' ? { text: '已对上退款', tone: 'good' } : { text: '支出', tone: 'plain' };
}

export const payerOf = (line: { payer_name: string; wallet: string }) => line.payer_name || line.wallet || '（没有付款人）';
