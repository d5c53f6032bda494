/* Words of the month's sheet: its sides and the kinds of differences. */
import type { Schema } from '@shared/api';

export type Month = Schema<'payment.DuesMonth'>;
export type Difference = Month['differences'][number];
export type Side = Difference['side'];

export const sides: { side: Side; title: string; what: string }[] = [
  { side: 'BANK', title: '银行入账', what: '银行流水里的会费，与平台确认到账的款项。' },
  { side: 'RECEIPT', title: '开具票据', what: '本月开具的票据（已减去作废的），与平台确认到账的款项。' },
  { side: 'DUE', title: '应收', what: '应于本月缴纳的账单，与平台确认到账的款项。' },
];

export const kinds: Record<string, { title: string; what: string }> = {
  BILL_UNPAID: { title: '应收未缴', what: '应于本月缴纳，还没有缴清的部分。' },
  BILL_WAIVED: { title: '应收已减免', what: '应于本月缴纳，已批准减免的部分。' },
  BILL_PAID_OTHER_MONTH: { title: '应收在本月，其他月份到账', what: '提前或以后缴纳。' },
  BILL_OTHER_MONTH: { title: '本月到账，缴的是其他月份的应收', what: '提前或补缴。' },
  CREDIT: { title: '本月到账，留作预存', what: '没有用于任何账单，将自动用于以后的会费。' },
  REFUNDED: { title: '本月到账，已退款', what: '后来退回单位的部分，不再开具票据。' },
  REFUND: { title: '本月退款，款项是其他月份到账的', what: '退款记在批准的那个月，从确认到账中减去。' },
  REVERSED: { title: '冲正', what: '确认后发现记错而冲正的款项。' },
  LINE_UNCLAIMED: { title: '流水待认领', what: '银行有这笔收入，平台还没有确认是谁的。请认领，或标记不是会费的款项。' },
  LINE_OTHER_MONTH: { title: '流水在本月，到账记在其他月', what: '银行入账与平台的到账日期跨月。' },
  VOUCHER_OTHER_MONTH: { title: '到账在本月，流水在其他月', what: '银行入账与平台的到账日期跨月。' },
  VOUCHER_WITHOUT_LINE: { title: '到账没有流水', what: '平台已确认到账，但没有对应的银行流水。请导入流水后核对。' },
  CASH: { title: '现金', what: '现金缴纳，银行没有流水；存入银行后的那笔流水请标记为自有资金划转。' },
  OUT_UNCLAIMED: { title: '支出待核对', what: '银行有这笔支出，像是退款，还没有对上。请对应退款，或标记它是什么。' },
  OUT_OTHER_MONTH: { title: '支出流水在本月，退款记在其他月', what: '退款的批准与银行付出跨月。' },
  REFUND_WITHOUT_LINE: { title: '退款没有流水', what: '退款已批准，还没有对上银行的支出流水。请确认已付出，并导入流水；现金退款没有流水。' },
  REFUND_OTHER_MONTH: { title: '退款在本月，支出流水在其他月', what: '退款的批准与银行付出跨月。' },
  RECEIPT_MISSING: { title: '尚未开具票据', what: '款项已到账，会费票据还没有开具。' },
  RECEIPT_OTHER_MONTH: { title: '票据与到账不在同一个月', what: '提前或以后开具的票据。' },
  RECEIPT_VOID: { title: '票据已作废', what: '作废后还没有重新开具。' },
};

export function sideFen(month: Month, side: Side): bigint {
  return BigInt(side === 'DUE' ? month.due_fen : side === 'BANK' ? month.lines_fen : month.receipts_fen);
}
