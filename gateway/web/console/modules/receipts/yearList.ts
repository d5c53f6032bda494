/* The year's receipts for a spreadsheet, by their numbers: the void ones too, so that none is missing. */
import { api } from '@shared/api';
import { receiptBadges, type Receipt } from '@shared/dues';
import { saveWorkbook, type Cell } from '../../workbook';

function row(receipt: Receipt): Cell[] {
  return [
    receipt.receipt_no, receipt.receipt_code, receipt.issued_on, receipt.info?.receipt_title ?? '', receipt.info?.receipt_tax_id ?? '', `${receipt.years}年度会费`,
    BigInt(receipt.amount_fen), receiptBadges[receipt.state].text, receipt.received_on, receipt.issued_by_name, receipt.note,
  ];
}

const byNumber = (a: Receipt, b: Receipt) => `${a.receipt_code} ${a.receipt_no}`.localeCompare(`${b.receipt_code} ${b.receipt_no}`, undefined, { numeric: true });

export async function yearList(year: number): Promise<void> {
  const header = ['票据号码', '票据代码', '开票日期', '交款人', '信用代码', '项目', '金额（元）', '状态', '到账日期', '开票人', '说明'];
  const receipts: Receipt[] = [];
  let cursor = '';
  do {
    const page = await api.listReceipts({ view: 'ALL', year, cursor, limit: 100 });
    receipts.push(...page.receipts);
    cursor = page.next_cursor;
  } while (cursor !== '');
  await saveWorkbook(`会费票据-${year}`, [[header, ...receipts.sort(byNumber).map(row)]]);
}
