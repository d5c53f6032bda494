/* The bank's lines for a spreadsheet; what went out has a minus. */
import { api, type Request } from '@shared/api';
import type { Table } from '../../table';
import { badgeOf, notDuesWords, payerOf, type Line } from './words';

const signed = (line: Line, fen: string) => (line.is_out ? -BigInt(fen) : BigInt(fen));

export const linesTable = (filter: Request<'listStatementLines'>): Table<Line> => ({ title: '银行流水',
  columns: [
    ['时间', (line) => line.occurred_at],
    ['来源', (line) => (line.kind === 'MERCHANT' ? '收款码' : '账户')],
    ['付款人或收款人', payerOf],
    ['账号', (line) => line.payer_account],
    ['金额（元）', (line) => signed(line, line.amount_fen)],
    ['其中会费（元）', (line) => signed(line, line.dues_fen)],
    ['手续费（元）', (line) => BigInt(line.fee_fen)],
    ['用途', (line) => line.remark],
    ['流水号', (line) => line.serial],
    ['状态', (line) => badgeOf(line).text],
    ['缴费单位', (line) => line.voucher_unit_name],
    ['非会费', (line) => (line.state === 'IGNORED' || line.other_fen !== '0' ? notDuesWords(line) : '')],
    ['处理人', (line) => line.changed_by_name],
    ['依据', (line) => line.evidence],
  ],
  read: async (cursor, signal) => {
    const { lines, next_cursor } = await api.listStatementLines({ ...filter, cursor, limit: 100 }, { signal });
    return { items: lines, next_cursor };
  },
});
