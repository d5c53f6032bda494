/* The lists of members and of bills for a spreadsheet. */
import { api, type Request, type Schema } from '@shared/api';
import { billBadges, certificationWord, memberBadges, owedFen, type Bill } from '@shared/dues';
import type { Table } from '../../table';

type Member = Schema<'payment.MemberItem'>;

const PAGE = 500; // as many as the contract gives at once

/* C.12: what a unit owes for a year, and what of it is paid and receipted. */
export const billsTable = (filter: Request<'listBills'>): Table<Bill> => ({ title: '会费账单',
  columns: [
    ['单位名称', (bill) => bill.unit_name],
    ['信用代码', (bill) => bill.uscc],
    ['年度', (bill) => `${bill.year}${bill.difference ? '（差额）' : bill.arrears ? '（补缴）' : ''}`],
    ['会内职务', (bill) => bill.association_post_name],
    ['应缴（元）', (bill) => BigInt(bill.amount_fen)],
    ['已缴（元）', (bill) => BigInt(bill.paid_fen)],
    ['减免（元）', (bill) => BigInt(bill.waived_fen)],
    ['欠缴（元）', (bill) => (bill.state === 'CANCELLED' ? 0n : owedFen(bill))],
    ['已开票（元）', (bill) => BigInt(bill.receipted_fen)],
    ['状态', (bill) => billBadges[bill.state].text],
    ['到期日', (bill) => bill.due_on],
    ['附言码', (bill) => bill.reference_code],
    ['说明', (bill) => bill.cancelled_reason],
  ],
  read: async (cursor, signal) => {
    const { bills, next_cursor } = await api.listBills({ ...filter, cursor, limit: PAGE, uncounted: true }, { signal });
    return { items: bills, next_cursor };
  },
});

export const membersTable = (filter: Request<'listMembers'>): Table<Member> => ({ title: '会员名册',
  columns: [
    ['单位名称', (member) => member.unit_name],
    ['信用代码', (member) => member.uscc],
    ['会内职务', (member) => member.association_post_name],
    ['会员编号', (member) => member.status?.member_no ?? ''],
    ['会籍状态', (member) => (member.status ? memberBadges[member.status.state].text : '')],
    ['本期开始', (member) => member.status?.first_day ?? ''],
    ['有效期至', (member) => member.status?.last_day ?? ''],
    ['会员单位认证', (member) => certificationWord(member) || '未生效'],
  ],
  read: async (cursor, signal) => {
    const { members, next_cursor } = await api.listMembers({ ...filter, cursor, limit: PAGE, uncounted: true }, { signal });
    return { items: members, next_cursor };
  },
});
