/* Money in the campaign. Units of three kinds owe: one bill that never ends, three small ones, which make a membership, and
   none, whose money waits as credit. Two of finance enter and confirm payments, import files of the bank, lay its lines, and
   ask for money to move back. */
'use strict';
const { Reviewer, byShare } = require('./load.js');
const { pause } = require('../support/visitor.js');

const BILL_FEN = 300; // of the small ones
const today = () => new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(new Date());
const yuan = (fen) => (fen / 100).toFixed(2);
const owedOf = (bill) => Number(bill.amount_fen) - Number(bill.paid_fen ?? 0) - Number(bill.waived_fen ?? 0);

/* Units of people who registered. */
const owing = (accounts) => {
  const kind = (n) => `unnest('{${accounts.filter((_, index) => index % 3 === n).join(',')}}'::bigint[]) AS id`;
  const bill = 'INSERT INTO bill (account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on)';
  return `
  SET search_path = payment;
  INSERT INTO unit (account_id, version, certified, unit_name, uscc, association_post, legal_person_name)
  SELECT id, 1, true, '单位' || id, '', 'MEMBER', '' FROM unnest('{${accounts.join(',')}}'::bigint[]) AS id;
  ${bill} SELECT id, 2026, 'MEMBER', '会员单位', 1000000000, 'HF' || id, current_date FROM ${kind(0)};
  ${bill} SELECT id, 2025 + n, 'MEMBER', '会员单位', ${BILL_FEN}, 'HF' || n || 'N' || id, current_date FROM ${kind(1)}, generate_series(1, 3) AS n`;
};

/* A file of the bank: five payments, the last two the same in every fact: they are two. `n` is the intent's that made it up. */
function bankFile(n, random) {
  const at = new Date(Date.now() - 1000 * random.below(86400)).toISOString().slice(11, 19);
  const line = (k, fen) => `${today()},${at},${yuan(fen)},第${n}号文件第${k}行,6222${String(n).padStart(8, '0')}${k},会费`;
  const fens = [1, 2, 3, 4].map(() => 100 * (1 + random.below(3)));
  const lines = [...fens, fens[3]].map((fen, index) => line(Math.min(index + 1, 4), fen));
  return Buffer.from(['交易日期,交易时间,贷方发生额,对方户名,对方账号,用途', ...lines, ''].join('\n'));
}

/* Somebody of the office who works with dues. */
class Clerk extends Reviewer {
  constructor(traffic, role, accounts) {
    super(traffic, role);
    this.accounts = accounts;
  }

  look(target) {
    return this.get(`/api/v1/staff/${target}`);
  }

  /* Of one of the lists that pages show; undefined: there is none, or it was not answered. */
  async oneOf(target, name, suits = () => true) {
    const list = (await this.look(target))?.[name]?.filter(suits) ?? [];
    return list.length > 0 ? this.traffic.random.of(list) : pause(100);
  }

  post(op, facts, target, json) {
    return this.traffic.write(op, this.context(facts), 'POST', `/api/v1/staff/${target}`, typeof json === 'function' ? json : { json });
  }

  propose(facts, json) {
    return this.post('propose', facts, 'proposals', (n) => ({ json: { ...json, kind: facts.kind, account_id: String(facts.unit), reason: `第${n}号提请的理由` } }));
  }
}

class Cashier extends Clerk {
  act() {
    return byShare(this.traffic.random, [
      [26, () => this.record()], [34, () => this.confirm()], [8, () => this.claim()], [6, () => this.bring()], [6, () => this.moveLine()],
      [4, () => this.releaseLine()], [6, () => this.askReversal()], [6, () => this.askRefund()], [4, () => this.payBack()],
    ]);
  }

  // ---- payments

  record(more = {}, facts = {}) {
    const { random } = this.traffic;
    const unit = random.of(this.accounts);
    const fen = facts.fen ?? 100 * (1 + random.below(3));
    return this.post(facts.line ? 'take' : 'record', { unit, fen, ...facts }, 'vouchers', (n) => ({ json: {
      account_id: String(unit), pay_method: 'CASH', paid_amount: yuan(fen), paid_date: today(), payer_name: '付款单位', remark: `第${n}号`, ...more,
    } }));
  }

  async claim() {
    const line = await this.oneOf('statement-lines?limit=20', 'lines', (one) => one.state === 'NEW');
    if (!line) return undefined;
    return this.record({ pay_method: 'BANK', bank_line_id: line.id }, { line: Number(line.id), fen: Number(line.dues_fen) });
  }

  /* On the bills that are owed, in their order, or left to what the platform makes of it. */
  lay(bills, fen) {
    const allocations = [];
    for (const bill of this.traffic.random.next() < 0.8 ? bills : []) {
      const part = Math.min(owedOf(bill), fen);
      fen -= part;
      if (part > 0) allocations.push({ bill_id: bill.id, amount: yuan(part) });
    }
    return allocations;
  }

  /* The line that is tied to the voucher, or perhaps one of its amount. */
  async lineOf(id, fen) {
    const found = (await this.look(`matches?voucher_id=${id}`))?.matches ?? [];
    const tied = found.find(({ line }) => line.state === 'PROPOSED');
    const free = this.traffic.random.next() < 0.6 ? found.find(({ line }) => Number(line.dues_fen) === fen) : undefined;
    return Number((tied ?? free)?.line.id ?? 0);
  }

  async confirm() {
    const item = await this.oneOf('vouchers?limit=20', 'vouchers');
    const found = item && await this.look(`vouchers/${item.id}`);
    if (!found || found.item.state !== 'SUBMITTED') return undefined;
    const verdict = this.traffic.random.next() < 0.8 ? 'CONFIRM' : 'REJECT';
    const fen = Number(found.item.paid_fen);
    const line = verdict === 'CONFIRM' ? await this.lineOf(item.id, fen) : 0;
    const bills = [...found.bills ?? [], ...found.other_bills ?? []].filter(({ state }) => ['OPEN', 'PARTLY_PAID'].includes(state));
    const money = {
      confirmed_amount: yuan(fen), received_date: found.item.paid_date, allocations: this.lay(bills, fen), bank_line_ids: line ? [line] : [],
    };
    const json = { version: found.version, verdict, ...(verdict === 'CONFIRM' ? money : { reason_codes: ['V02'] }) };
    return this.post('confirm', { voucher: Number(item.id), verdict, fen, line }, `vouchers/${item.id}/decision`, json);
  }

  // ---- the bank

  /* A file comes from both of finance at the same moment; one of four is taken back by who brought it. */
  async bring() {
    const { traffic } = this;
    const n = ++traffic.files;
    const file = { n, bytes: bankFile(n, traffic.random), back: traffic.random.next() < 0.25 };
    await Promise.all([this.importFile(file), !file.back && this.partner?.importFile(file)]);
    return file.back && this.takeBack(file);
  }

  importFile({ n, bytes, back }) {
    return this.traffic.write('import', this.context({ file: n, back }), 'POST',
      `/api/v1/staff/statements?kind=ACCOUNT&file_name=f${n}.csv`, { bytes, type: 'application/octet-stream' });
  }

  async takeBack({ n }) {
    const { statements = [] } = await this.look('statements?limit=50') ?? {};
    const mine = statements.find((one) => one.file_name === `f${n}.csv`);
    return mine && this.post('take-back', { file: n }, `statements/${mine.id}/undo`, {});
  }

  async moveLine() {
    const { random } = this.traffic;
    const line = await this.oneOf('statement-lines?limit=50&view=ALL', 'lines', ({ state }) => ['NEW', 'IGNORED'].includes(state));
    if (!line) return undefined;
    const facts = { line: Number(line.id) };
    const target = `statement-lines/${line.id}`;
    if (line.state === 'IGNORED') return this.post('restore', facts, `${target}/restore`, {});
    if (Number(line.amount_fen) === 100 || random.next() < 0.6)
      return this.post('ignore', facts, `${target}/ignore`, { not_dues: 'DONATION', reason: '捐赠的款项' });
    return this.post('split', { ...facts, fen: 100 }, `${target}/split`, { other_amount: '1.00', not_dues: 'EVENT', reason: '培训费用' });
  }

  async releaseLine() {
    const line = await this.oneOf('statement-lines?limit=20&view=PROPOSED', 'lines', (one) => one.may_release);
    return line && this.post('let-go', { line: Number(line.id), voucher: Number(line.voucher_id) }, `statement-lines/${line.id}/release`, {});
  }

  // ---- money that moves back

  async askReversal() {
    const item = await this.oneOf('vouchers?limit=50&view=DECIDED&sort=NEWEST_FIRST', 'vouchers',
      (one) => one.state === 'CONFIRMED' && !Number(one.refunded_fen ?? 0));
    if (!item) return undefined;
    return this.propose({ kind: 'REVERSE', unit: Number(item.account_id), voucher: Number(item.id) }, { voucher_id: item.id });
  }

  async askRefund() {
    const unit = this.traffic.random.of(this.accounts);
    const credit = Number((await this.look(`members/${unit}`))?.credit_fen ?? 0);
    if (credit === 0) return undefined;
    const fen = Math.min(credit, 100 * (1 + this.traffic.random.below(2)));
    return this.propose({ kind: 'REFUND', unit, fen }, { amount: yuan(fen) });
  }

  async payBack() {
    const one = await this.oneOf('proposals?limit=50&view=DECIDED', 'proposals',
      ({ kind, state, paid_back_on }) => kind === 'REFUND' && state === 'CONFIRMED' && !paid_back_on);
    if (!one) return undefined;
    return this.post('pay-back', { proposal: Number(one.id) }, `proposals/${one.id}/refund`,
      (n) => ({ json: { paid_back_on: today(), paid_back_reference: `TK${n}` } }));
  }
}

module.exports = { Cashier, Clerk, owing, owedOf, today, yuan };
