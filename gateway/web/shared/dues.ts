/* Words and amounts of dues, for the personal centre and the console. */
import type { Schema } from './api';
import type { Badge } from './words';

export type Bill = Schema<'payment.Bill'>;
export type Dues = Schema<'payment.Dues'>;
export type MemberStatus = Schema<'payment.MemberStatus'>;
export type LeaveReason = Schema<'payment.Petition'>['leave_reason'];
export type Petition = Schema<'payment.Petition'>;
export type PayMethod = Schema<'payment.VoucherItem'>['pay_method'];
export type Receipt = Schema<'payment.Receipt'>;
export type Voucher = Schema<'payment.Voucher'>;
export type VoucherItem = Schema<'payment.VoucherItem'>;

/* Money travels as whole fen in a string, since JavaScript's numbers end before int64 does: "200000" is 2,000. */
export function showYuan(fen: string): string {
  const digits = fen.replace('-', '').padStart(3, '0');
  const cents = digits.slice(-2);
  const yuan = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${fen.startsWith('-') ? '-' : ''}${yuan}${cents === '00' ? '' : `.${cents}`}`;
}

/* As a field takes it: "2000.00". */
export function yuanOf(fen: bigint): string {
  return `${fen / 100n}.${String(fen % 100n).padStart(2, '0')}`;
}

export function owedFen(bill: Bill): bigint {
  return BigInt(bill.amount_fen) - BigInt(bill.paid_fen) - BigInt(bill.waived_fen);
}

/* V14 as a person types it, in fen; undefined: no amount. */
export function fenOf(text: string): bigint | undefined {
  const plain = text.normalize('NFKC').replace(/[\s,]/g, '');
  const found = /^(\d{1,9})(?:\.(\d{1,2}))?$/.exec(plain);
  return found ? BigInt(found[1] ?? '0') * 100n + BigInt((found[2] ?? '').padEnd(2, '0')) : undefined;
}

export function billName(bill: Bill): string {
  return `${bill.year}年度会费${bill.difference ? '（职务变更差额）' : bill.arrears ? '（补缴）' : ''}`;
}

/* Where a unit's certification stands, as payment was told. */
export function certificationWord(unit: Pick<Dues, 'certified' | 'certification_ended'>): string {
  if (unit.certified) return '已认证';
  return { REVOKED: '已撤销', EXPIRED: '已过期', END_UNSPECIFIED: '' }[unit.certification_ended];
}

export const isOwed = (bill: Bill) => bill.state === 'OPEN' || bill.state === 'PARTLY_PAID';

export const billBadges: Record<Bill['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  OPEN: { text: '待缴费', tone: 'wait' },
  PARTLY_PAID: { text: '部分缴费', tone: 'wait' },
  PAID: { text: '已缴清', tone: 'good' },
  WRITTEN_OFF: { text: '已减免', tone: 'good' },
  CANCELLED: { text: '已取消', tone: 'plain' },
};

export const voucherBadges: Record<VoucherItem['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  SUBMITTED: { text: '审核中', tone: 'wait' },
  CONFIRMED: { text: '已到账', tone: 'good' },
  REJECTED: { text: '已驳回', tone: 'bad' },
  WITHDRAWN: { text: '已撤回', tone: 'plain' },
  REVERSED: { text: '已冲正', tone: 'bad' },
};

/* A confirmed one may have been paid back, whole or in part; one that waits may wait for the second person. */
export function voucherBadge(voucher: VoucherItem): Badge {
  if (voucher.second) return { text: '待复核', tone: 'wait' };
  if (voucher.state === 'CONFIRMED' && voucher.refunded_fen !== '0') return { text: voucher.refunded_fen === voucher.confirmed_fen ? '已退款' : '部分退款', tone: 'plain' };
  return voucherBadges[voucher.state];
}

export const memberBadges: Record<MemberStatus['state'], Badge> = {
  NONE: { text: '未开通', tone: 'plain' },
  VOUCHER_REVIEW: { text: '凭证审核中', tone: 'wait' },
  VOUCHER_REJECTED: { text: '凭证被驳回', tone: 'bad' },
  READY: { text: '待开通', tone: 'wait' },
  ACTIVE: { text: '会员有效', tone: 'good' },
  EXPIRING: { text: '即将到期', tone: 'wait' },
  GRACE: { text: '宽限期', tone: 'bad' },
  EXPIRED: { text: '已过期', tone: 'bad' },
  SUSPENDED: { text: '已暂停', tone: 'bad' },
  TERMINATED: { text: '已退会', tone: 'plain' },
};

export const receiptBadges: Record<Receipt['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  REQUESTED: { text: '待开具', tone: 'wait' },
  RETURNED: { text: '开票信息有误', tone: 'bad' },
  ISSUED: { text: '已开具', tone: 'good' },
  DELIVERED: { text: '已送达', tone: 'good' },
  VOID: { text: '已作废', tone: 'plain' },
};

/* D20; what a unit may say of itself, and what staff may say. */
export const leaveReasons: { value: LeaveReason; text: string; byUnit: boolean }[] = [
  { value: 'VOLUNTARY', text: '主动申请', byUnit: true },
  { value: 'UNPAID', text: '逾期未缴', byUnit: false },
  { value: 'DISSOLVED', text: '单位注销或合并', byUnit: true },
  { value: 'VIOLATION', text: '违反章程', byUnit: false },
  { value: 'LEAVE_OTHER', text: '其他', byUnit: true },
];

export function petitionName(petition: Petition): string {
  return petition.kind === 'LEAVE' ? '退会申请' : `变更为${petition.association_post_name}的申请`;
}

export const petitionBadges: Record<Petition['state'], Badge> = {
  STATE_UNSPECIFIED: { text: '', tone: 'plain' },
  REQUESTED: { text: '办理中', tone: 'wait' },
  WITHDRAWN: { text: '已撤回', tone: 'plain' },
  ACCEPTED: { text: '已批准', tone: 'good' },
  DECLINED: { text: '未批准', tone: 'bad' },
};

export const payMethods: { value: PayMethod; text: string }[] = [
  { value: 'BANK', text: '公户转账' },
  { value: 'QR_ICBC', text: '工银e生活' },
  { value: 'QR_UNIONPAY', text: '云闪付' },
  { value: 'QR_WECHAT', text: '微信支付' },
  { value: 'QR_ALIPAY', text: '支付宝' },
  { value: 'CASH', text: '现金' },
  { value: 'OTHER', text: '其他' },
];

export function payMethodName(method: PayMethod): string {
  return payMethods.find((one) => one.value === method)?.text ?? '';
}
