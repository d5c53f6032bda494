/* The dues of the demonstration set: certified member units pay, or do not, and stand in every state that vouchers, receipts and
   memberships have; and a bank statement with their money in it. Each step looks where the unit stands and goes on from there. */
'use strict';
const { bank } = require('../association.json');
const { mailboxToken } = require('./mails.js');
const { picture } = require('./pictures.js');

/* How far each goes, in turn of the units. `voucher`: what becomes of it; `began`: the membership's first day, so many days ago;
   `receipt`: what becomes of it; `propose`: what two persons decide of it. */
const goals = [
  { voucher: 'CONFIRMED', began: 0, receipt: 'ISSUED' },
  { voucher: 'SUBMITTED' },
  { voucher: 'CONFIRMED' },
  { voucher: 'REJECTED' },
  { voucher: 'CONFIRMED', began: 330, receipt: 'ISSUED' },
  { voucher: 'CONFIRMED', began: 366, receipt: 'RETURNED' }, // in grace
  { voucher: 'CONFIRMED', began: 399, receipt: 'ISSUED' },   // expired
  {},
  { voucher: 'CONFIRMED', began: 30 },
  { voucher: 'WITHDRAWN' },
  { voucher: 'CONFIRMED', part: true },
  { voucher: 'CONFIRMED', began: 60, receipt: 'VOID' },
  { voucher: 'CONFIRMED', began: 90, receipt: 'ISSUED', propose: 'SUSPEND' },
  { voucher: 'CONFIRMED', began: 120, receipt: 'ISSUED', propose: 'TERMINATE' },
  { voucher: 'CONFIRMED', propose: 'REVERSE' },
  { voucher: 'SUBMITTED', byCode: true },
];

const DAY_MS = 86_400_000;
const dayBefore = (days) => new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(new Date(Date.now() - days * DAY_MS));
const yuanOf = (fen) => `${fen / 100n}.${String(fen % 100n).padStart(2, '0')}`;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const serialOf = (n) => `DEMO2026${String(n).padStart(6, '0')}`;

/* Certification tells payment of the unit, and payment makes its first bill: soon. */
async function duesOf(browser) {
  for (const end = Date.now() + 20000; Date.now() < end; await pause(100)) {
    const answer = await browser.send('GET', '/api/v1/dues');
    if (answer.status === 200 && answer.body.bills.length > 0) return answer.body;
  }
  throw new Error('no bill of a certified unit within 20 s');
}

async function upload(browser, who, purpose, name, bytes, type) {
  const target = `/api/v1/${who}payment-files?purpose=${purpose}&file_name=${encodeURIComponent(name)}`;
  return (await browser.expect(200, 'POST', target, { bytes, type })).id;
}

/* What the unit says that it paid: days ago by its number, so that the set is spread. */
function paymentOf(person, goal, dues) {
  const bill = dues.bills.at(-1);
  const whole = BigInt(bill.amount_fen);
  return { bill, fen: goal.part ? whole / 2n : whole, day: dayBefore(2 + (person.n % 15)), serial: serialOf(person.n) };
}

async function handIn(browser, person, goal, dues) {
  const { bill, fen, day, serial } = paymentOf(person, goal, dues);
  const slip = await picture('payment', {
    payer: person.unit, payee: bank.account_name, account: bank.account_no, yuan: yuanOf(fen), day, remark: bill.reference_code, serial,
  });
  return browser.post('/api/v1/vouchers', {
    bill_ids: [bill.id], pay_method: goal.byCode ? 'QR_WECHAT' : 'BANK', voucher_files: [await upload(browser, '', 'voucher_files', '电子回单.png', slip, 'image/png')],
    paid_amount: yuanOf(fen), paid_date: day, payer_name: person.unit, bank_serial: serial,
    receipt_info: { receipt_title: person.unit, receipt_tax_id: person.uscc, receipt_email: `demo${person.n}@example.com`, receipt_phone: person.phone },
  });
}

async function decide(finance, voucher, goal) {
  const { version, bills, item } = await finance.get(`/api/v1/staff/vouchers/${voucher.id}`);
  const target = `/api/v1/staff/vouchers/${voucher.id}/decision`;
  if (goal.voucher === 'REJECTED') return finance.post(target, { version, verdict: 'REJECT', reason_codes: ['V02'], message_to_payer: '银行流水中没有找到这笔款项。（演示）' });
  const amount = yuanOf(BigInt(item.paid_fen));
  return finance.post(target, { version, verdict: 'CONFIRM', confirmed_amount: amount, received_date: item.paid_date, allocations: [{ bill_id: bills[0].id, amount }] });
}

async function issue(issuer, receipt, person) {
  const number = String(1400000000 + person.n);
  const yuan = yuanOf(BigInt(receipt.amount_fen));
  const bytes = await picture('receipt', {
    code: '14010126', number, check: `de${String(person.n).padStart(4, '0')}`, title: receipt.info.receipt_title, uscc: receipt.info.receipt_tax_id, day: dayBefore(0),
    years: receipt.years, yuan, payee: bank.account_name,
  }, 'pdf');
  const file_id = await upload(issuer, 'staff/', 'receipt', '会费票据.pdf', bytes, 'application/pdf');
  return issuer.post(`/api/v1/staff/receipts/${receipt.id}/issue`, { version: receipt.version, receipt_no: number, receipt_code: '14010126', issued_on: dayBefore(0), amount: yuan, file_id });
}

/* Most units open the link that was mailed to them; to the others no receipt is mailed. */
async function verifyMailbox(browser, person, mails) {
  const { mailboxes: [box] } = await browser.get('/api/v1/mailboxes');
  if (!box || box.verified || person.n % 5 === 0) return;
  for (const end = Date.now() + 20000; Date.now() < end; await pause(100)) {
    const token = mailboxToken(mails, box.address);
    if (token !== undefined) return void await browser.post(`/api/v1/mailbox-links/${token}/use`);
  }
  throw new Error(`no e-mail with a link to ${box.address} within 20 s`);
}

/* The receipt of the unit, moved on where the goal says so. */
async function settleReceipt(browser, issuer, person, goal) {
  const at = async () => (await browser.get('/api/v1/receipts')).receipts;
  let [receipt] = await at();
  if (receipt?.state === 'REQUESTED' && goal.receipt === 'RETURNED')
    await issuer.post(`/api/v1/staff/receipts/${receipt.id}/return`, { version: receipt.version, reason: '票据抬头与营业执照不一致（演示）' });
  if (receipt?.state === 'REQUESTED' && receipt.replaces === '0' && ['ISSUED', 'VOID'].includes(goal.receipt)) await issue(issuer, receipt, person);
  [receipt] = await at();
  if (goal.receipt === 'VOID' && (receipt.state === 'ISSUED' || receipt.state === 'DELIVERED'))
    await issuer.post(`/api/v1/staff/receipts/${receipt.id}/void`, { version: receipt.version, reason: '金额打印不清，作废换开（演示）' });
}

/* Two secretaries: one asks, the other decides. */
async function decideTogether([first, second], finance, kind, dues, voucher) {
  const [{ account_id }] = dues.bills;
  const asks = kind === 'REVERSE' ? finance : first;
  const made = await asks.send('POST', '/api/v1/staff/proposals', { json: { kind, account_id, voucher_id: kind === 'REVERSE' ? voucher.id : '0', reason: '按章程和实际情况办理（演示）' } });
  if (made.status === 200) await second.post(`/api/v1/staff/proposals/${made.body.id}/decision`, { verdict: 'CONFIRM' });
}

/* Takes one certified unit to its goal. Gives its line in the bank's statement, where its money came. */
async function leadDues(browser, person, goal, { clerks, finance, issuer, mails }) {
  let dues = await duesOf(browser);
  let [voucher] = (await browser.get('/api/v1/vouchers')).vouchers.slice(-1);
  if (goal.voucher && !voucher) voucher = await handIn(browser, person, goal, dues);
  if (goal.voucher === 'WITHDRAWN' && voucher.state === 'SUBMITTED') await browser.post(`/api/v1/vouchers/${voucher.id}/withdrawal`);
  if (['CONFIRMED', 'REJECTED'].includes(goal.voucher) && voucher.state === 'SUBMITTED') await decide(finance, voucher, goal);
  dues = await duesOf(browser);
  if (goal.began !== undefined && dues.terms.length === 0) {
    const first_day = goal.began > 0 ? { first_day: dayBefore(goal.began), reason: '补录以往的会员期限（演示）' } : {};
    await clerks[0].post(`/api/v1/staff/members/${dues.bills[0].account_id}/terms`, { bill_id: dues.bills.at(-1).id, ...first_day });
  }
  if (goal.receipt) await verifyMailbox(browser, person, mails);
  if (goal.receipt) await settleReceipt(browser, issuer, person, goal);
  const now = { SUSPEND: 'SUSPENDED', TERMINATE: 'TERMINATED' }[goal.propose];
  if (goal.propose === 'REVERSE' ? (await browser.get('/api/v1/vouchers')).vouchers.at(-1).state === 'CONFIRMED' : goal.propose && dues.status.state !== now)
    await decideTogether(clerks, finance, goal.propose, dues, voucher);
  if (!goal.voucher || goal.voucher === 'REJECTED') return undefined;
  const { bill, fen, day, serial } = paymentOf(person, goal, dues);
  return goal.byCode ? undefined : [day, '10:00:00', serial, '', yuanOf(fen), '', person.unit, `6222${String(person.n).padStart(12, '0')}`, '转账', bill.reference_code];
}

/* The month's statement: those units' money, some that nobody has claimed, and a fee of the bank. What is known already is not
   taken again. */
async function importStatement(finance, lines) {
  const rows = [
    ['账号：', bank.account_no, '户名：', bank.account_name],
    ['交易日期', '交易时间', '凭证号', '借方发生额', '贷方发生额', '余额', '对方户名', '对方账号', '摘要', '用途'],
    ...lines,
    [dayBefore(3), '09:12:00', 'DEMO2026900001', '', '2000.00', '', '长治市无名演示咨询有限公司', '6222990000000001', '转账', '会费'],
    [dayBefore(4), '15:40:00', 'DEMO2026900002', '', '5000.00', '', '王演示', '6222990000000002', '转账', '培训费'],
    [dayBefore(5), '16:00:00', 'DEMO2026900003', '25.00', '', '', '', '', '手续费', ''],
  ];
  const bytes = Buffer.from(rows.map((row) => row.join(',')).join('\r\n'));
  return finance.expect(200, 'POST', `/api/v1/staff/statements?kind=ACCOUNT&file_name=${encodeURIComponent('演示流水.csv')}`, { bytes, type: 'text/csv' });
}

/* `units`: {browser, person} of the certified ones, in their order. */
async function makeDues(units, office, together) {
  const lines = [];
  let next = 0;
  const worker = async () => {
    while (next < units.length) {
      const at = next++;
      const { browser, person } = units[at];
      lines[at] = await leadDues(browser, person, goals[at % goals.length], office);
    }
  };
  await Promise.all(Array.from({ length: together }, worker));
  await importStatement(office.finance, lines.filter(Boolean));
}

module.exports = { dayBefore, makeDues };
