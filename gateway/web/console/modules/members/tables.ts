/* The lists of members and of bills as CSV, as they are filtered, to the last page. */
import { api, type Request } from '@shared/api';
import { billBadges, memberBadges, owedFen, yuanOf } from '@shared/dues';
import { saveCsv } from '../../csv';

const yuan = (fen: string) => yuanOf(BigInt(fen));

export async function billsTable(filter: Request<'listBills'>): Promise<void> {
  const rows = [['单位名称', '信用代码', '年度', '会内职务', '应缴（元）', '已缴（元）', '减免（元）', '欠缴（元）', '已开票（元）', '状态', '到期日', '附言码', '说明']];
  let cursor = '';
  do {
    const page = await api.listBills({ ...filter, cursor, limit: 100 });
    rows.push(...page.bills.map((bill) => [
      bill.unit_name, bill.uscc, `${bill.year}${bill.difference ? '（差额）' : bill.arrears ? '（补缴）' : ''}`, bill.association_post_name, yuan(bill.amount_fen), yuan(bill.paid_fen), yuan(bill.waived_fen),
      bill.state === 'CANCELLED' ? '0.00' : yuanOf(owedFen(bill)), yuan(bill.receipted_fen), billBadges[bill.state].text, bill.due_on, bill.reference_code, bill.cancelled_reason,
    ]));
    cursor = page.next_cursor;
  } while (cursor !== '');
  saveCsv('会费账单.csv', rows);
}

export async function membersTable(filter: Request<'listMembers'>): Promise<void> {
  const rows = [['单位名称', '信用代码', '会内职务', '会员编号', '会籍状态', '本期开始', '有效期至', '会员单位认证']];
  let cursor = '';
  do {
    const page = await api.listMembers({ ...filter, cursor, limit: 100 });
    rows.push(...page.members.map(({ unit_name, uscc, association_post_name, status, certified }) => [
      unit_name, uscc, association_post_name, status?.member_no ?? '', status ? memberBadges[status.state].text : '', status?.first_day ?? '', status?.last_day ?? '', certified ? '已认证' : '未生效或已失效',
    ]));
    cursor = page.next_cursor;
  } while (cursor !== '');
  saveCsv('会员名册.csv', rows);
}
