/* Files as banks export them: the account's statement (工商银行 账户明细) and the collection code's list (商户明细), as xlsx, as
   old xls, as CSV in GB18030 without a mark, or as a page with a table that is called .xls. And what the platform itself makes,
   read back. */
'use strict';
const { execFileSync } = require('node:child_process');
const path = require('node:path');
const { root } = require('./visitor.js');

const { readFile, utils, write } = require(path.join(root, 'gateway/web/node_modules/@e965/xlsx'));

/* With two decimals and thousands apart: 2,000.00 */
const money = (yuan) => yuan.toFixed(2).replace(/\B(?=(\d{3})+\.)/g, ',');

/* `lines`: {day, time, serial, yuan (below zero: it went out), payer, account, remark} */
function accountRows(lines) {
  let balance = 100000;
  return [
    ['中国工商银行账户明细'], ['账号：', '0505010409200054816', '户名：', '长治市项目全过程咨询协会'], [],
    ['交易日期', '交易时间', '凭证号', '借方发生额', '贷方发生额', '余额', '对方户名', '对方账号', '摘要', '用途'],
    ...lines.map(({ day, time = '10:00:00', serial = '00000000', yuan, payer = '', account = '', remark = '' }) => {
      balance += yuan;
      return [day, time, serial, yuan < 0 ? money(-yuan) : '', yuan < 0 ? '' : money(yuan), money(balance), payer, account, '转账', remark];
    }),
    ['合计', '', '', '', money(lines.reduce((sum, { yuan }) => sum + Math.max(yuan, 0), 0))],
  ];
}

/* `lines`: {day, time, serial, wallet, yuan, remark} */
function merchantRows(lines) {
  return [
    ['商户编号', '050582490012'],
    ['订单号', '支付时间', '支付方式', '订单金额', '手续费', '入账金额', '备注'],
    ...lines.map(({ day, time = '10:00:00', serial, wallet, yuan, remark = '' }) => {
      const fee = Math.round(yuan * 0.25) / 100;
      return [serial, `${day} ${time}`, wallet, money(yuan), money(fee), money(yuan - fee), remark];
    }),
  ];
}

function asBook(rows, bookType) {
  const book = utils.book_new();
  utils.book_append_sheet(book, utils.aoa_to_sheet(rows), '明细');
  return write(book, { type: 'buffer', bookType });
}

const inGb18030 = (input) => execFileSync('iconv', ['-f', 'UTF-8', '-t', 'GB18030'], { input });

function asCsv(rows) {
  const cell = (text) => (/[",]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  return inGb18030(rows.map((row) => row.map(cell).join(',')).join('\r\n'));
}

function asPage(rows) {
  const body = rows.map((row) => `<tr>${row.map((text) => `<td>${text}</td>`).join('')}</tr>`).join('\n');
  return inGb18030(`<html><head><meta charset="gb2312"></head><body><table>${body}</table></body></html>`);
}

const forms = {
  xlsx: ['xlsx', (rows) => asBook(rows, 'xlsx')], xls: ['xls', (rows) => asBook(rows, 'biff8')], csv: ['csv', asCsv], page: ['xls', asPage],
};

/* For setInputFiles: `form` is xlsx, xls, csv or page. */
function statementFile(name, form, rows) {
  const [ending, make] = forms[form];
  return { name: `${name}.${ending}`, mimeType: 'application/octet-stream', buffer: make(rows) };
}

/* Of a workbook that the platform made: its rows, text as text and numbers as numbers. */
function tableOf(file) {
  const book = readFile(file);
  return utils.sheet_to_json(book.Sheets[book.SheetNames[0]], { header: 1, defval: '', raw: true });
}

module.exports = { accountRows, merchantRows, statementFile, tableOf };
