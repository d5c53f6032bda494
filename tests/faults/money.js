'use strict';

const FEN = 100; // of each payment (dues.js)

/* The money's part of the checker: nothing lost, posted twice or out of balance, and each posting has its receipt. */
function checkMoney(checker) {
  const { voucher: vouchers, transfer: transfers, receipt: receipts, bill: bills } = checker.rows;
  const decided = new Map(checker.of('confirm').filter((one) => one.done).map((one) => [one.voucher, one]));
  const countOf = (rows, id) => rows.filter((row) => row.voucher_id === id).length;
  const counted = receipts.filter((row) => row.state !== 'VOID');
  checker.count(vouchers.length, checker.of('record').filter((one) => one.done).length, 'payments entered');
  for (const voucher of vouchers) {
    const intent = decided.get(voucher.id);
    const wanted = { CONFIRM: 'CONFIRMED', REJECT: 'REJECTED' }[intent?.verdict] ?? 'SUBMITTED';
    const isPosted = wanted === 'CONFIRMED';
    checker.expect(voucher.state === wanted, intent ? 'lost' : 'phantom', `voucher ${voucher.id} is ${voucher.state}, ${wanted} was decided`);
    checker.expect(!intent || voucher.decided_by === intent.account, 'order', `voucher ${voucher.id} was decided by another`);
    checker.count(countOf(transfers, voucher.id), isPosted ? 2 : 0, `transfers of voucher ${voucher.id}`);
    checker.count(countOf(counted, voucher.id), isPosted ? 1 : 0, `receipts of voucher ${voucher.id}`);
  }
  const paid = bills.reduce((sum, row) => sum + row.paid_fen, 0);
  const confirmed = vouchers.filter((row) => row.state === 'CONFIRMED').length;
  checker.expect(paid === confirmed * FEN, 'ledger', `bills stand at ${paid} fen, ${confirmed} payments were confirmed`);
  for (const row of checker.rows.ledger)
    checker.breach('ledger', `${row.what} ${row.subject}: ${row.found_fen} instead of ${row.expected_fen} fen`);
}

module.exports = { checkMoney };
