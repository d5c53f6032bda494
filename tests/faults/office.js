/* Who else moves money in the campaign: two secretaries, who decide what takes two persons, waive dues, open, suspend and
   resume memberships; two who issue receipts; and the unit itself (Payer), by vouchers and by what it says of its receipts. */
'use strict';
const { byShare, picture, Reviewer } = require('./load.js');
const { Cashier, Clerk, owedOf, today, yuan } = require('./dues.js');
const { newCreditCode, newPdf, pause } = require('../support/visitor.js');

const OPEN_BILLS = ['OPEN', 'PARTLY_PAID'];

class Secretary extends Clerk {
  act() {
    return byShare(this.traffic.random, [[60, () => this.decide()], [40, () => this.keepMember()]]);
  }

  async decide() {
    const one = await this.oneOf('proposals?limit=20', 'proposals', ({ may_decide }) => may_decide);
    if (!one) return pause(200);
    const verdict = this.traffic.random.next() < 0.75 ? 'CONFIRM' : 'REFUSE';
    return this.post('settle', { proposal: Number(one.id), verdict }, `proposals/${one.id}/decision`,
      (n) => ({ json: { verdict, note: `第${n}号复核的意见` } }));
  }

  async keepMember() {
    const { random } = this.traffic;
    const unit = random.of(this.accounts);
    const record = await this.look(`members/${unit}`);
    if (!record) return undefined;
    const { state } = record.item.status;
    const { bills = [], ready_bill_id = 0 } = record;
    if (Number(ready_bill_id) && state === 'READY') return this.open(unit, Number(ready_bill_id));
    if (state === 'SUSPENDED') return this.propose({ kind: 'RESUME', unit });
    if (['ACTIVE', 'EXPIRING'].includes(state) && random.next() < 0.2) return this.propose({ kind: 'SUSPEND', unit });
    return bills.length > 0 && this.waive(unit, random.of(bills));
  }

  open(unit, bill) {
    return this.post('open', { unit, bill }, `members/${unit}/terms`, { bill_id: String(bill) });
  }

  waive(unit, { id, state, waived_fen = 0, ...bill }) {
    const facts = { unit, bill: Number(id) };
    if (Number(waived_fen) > 0)
      return this.propose({ ...facts, kind: 'UNWAIVE', fen: Number(waived_fen) }, { bill_id: id });
    if (!OPEN_BILLS.includes(state)) return undefined;
    const fen = Math.min(owedOf(bill), 100);
    return this.propose({ ...facts, kind: 'WAIVE', fen }, { bill_id: id, amount: yuan(fen) });
  }
}

class Invoicer extends Clerk {
  async begin() {
    await super.begin();
    const { body } = await this.traffic.write('payment-upload', this.context(), 'POST',
      '/api/v1/staff/payment-files?purpose=receipt&file_name=r.pdf', { bytes: newPdf(), type: 'application/pdf' });
    this.file = body.id;
  }

  act() {
    return byShare(this.traffic.random, [[70, () => this.issue()], [15, () => this.makeVoid()], [15, () => this.answerReissue()]]);
  }

  async issue() {
    const one = await this.oneOf('receipts?limit=20', 'receipts');
    if (!one) return pause(200);
    const facts = { receipt: Number(one.id) };
    if (this.traffic.random.next() < 0.15)
      return this.post('return', facts, `receipts/${one.id}/return`, (n) => ({ json: { version: one.version, reason: `第${n}号退回的原因` } }));
    return this.post('issue', facts, `receipts/${one.id}/issue`, (n) => ({ json: {
      version: one.version, receipt_no: String(n).padStart(10, '0'), issued_on: today(), amount: yuan(Number(one.amount_fen)), file_id: this.file,
    } }));
  }

  refuse(op, { id, version }, act) {
    return this.post(op, { receipt: Number(id) }, `receipts/${id}/${act}`, (n) => ({ json: { version, reason: `第${n}号作废的原因` } }));
  }

  async makeVoid() {
    const one = await this.oneOf('receipts?limit=20&view=DONE', 'receipts');
    return one && this.refuse('void', one, 'void');
  }

  async answerReissue() {
    const one = await this.oneOf('receipts?limit=20&view=REISSUE', 'receipts');
    if (!one) return undefined;
    return this.traffic.random.next() < 0.5 ? this.refuse('void', one, 'void') : this.refuse('decline', one, 'reissue-refusal');
  }
}

const receiptInfo = () => ({ receipt_title: '付款单位', receipt_tax_id: newCreditCode(), receipt_phone: '18003551778' });

/* What a unit does about its dues, in the sessions of the member that it is. */
class Payer {
  files = 0;

  constructor(member) {
    this.member = member;
  }

  async get(target) {
    const { status, body } = await this.member.traffic.attempt(this.member.browser, 'GET', target);
    if (status === 401) await this.member.logIn();
    return status === 200 ? body : undefined;
  }

  write(op, facts, verb, target, content) {
    return this.member.traffic.write(op, this.member.context({ unit: this.member.account, ...facts }), verb, `/api/v1/${target}`, content);
  }

  look() {
    return this.member.traffic.random.next() < 0.5 ? this.pay() : this.lookAtReceipts();
  }

  async pay() {
    const { random } = this.member.traffic;
    const dues = await this.get('/api/v1/dues');
    if (!dues) return undefined;
    const waiting = Number(dues.waiting_voucher_id ?? 0);
    if (waiting)
      return random.next() < 0.3 && this.write('withdraw-voucher', { voucher: waiting }, 'POST', `vouchers/${waiting}/withdrawal`);
    const bill = dues.bills?.find(({ state }) => OPEN_BILLS.includes(state));
    if (!bill || this.files >= 20) return undefined;
    const { status, body } = await this.write('payment-upload', {}, 'POST', 'payment-files?purpose=voucher_files&file_name=a.png',
      { bytes: picture, type: 'image/png' });
    if (status !== 200) return undefined;
    this.files++;
    const fen = 100 * (1 + random.below(3));
    return this.write('pay', { fen }, 'POST', 'vouchers', (n) => ({ json: {
      bill_ids: [bill.id], pay_method: 'BANK', voucher_files: [body.id], paid_amount: yuan(fen), paid_date: today(), payer_name: '付款单位',
      receipt_info: receiptInfo(), remark: `第${n}号`,
    } }));
  }

  async lookAtReceipts() {
    const { receipts = [] } = await this.get('/api/v1/receipts?limit=20') ?? {};
    const returned = receipts.find(({ state }) => state === 'RETURNED');
    if (returned)
      return this.write('correct', { receipt: Number(returned.id) }, 'PUT', `receipts/${returned.id}/info`,
        { json: { version: returned.version, info: receiptInfo() } });
    const held = receipts.find(({ may_reissue }) => may_reissue);
    if (!held || this.member.traffic.random.next() < 0.5) return undefined;
    return this.write('ask-reissue', { receipt: Number(held.id) }, 'POST', `receipts/${held.id}/reissue`,
      (n) => ({ json: { version: held.version, reason: `第${n}号换开的原因`, info: receiptInfo() } }));
  }
}

/* All of the office, logged in; the people's units have their bills (owing). */
async function openOffice(traffic, people) {
  const accounts = people.map((one) => one.account);
  const two = (kind, role) => [new kind(traffic, role, accounts), new kind(traffic, role, accounts)];
  const [first, second] = two(Cashier, 'finance');
  const office = [first, second, ...two(Secretary, 'secretary'), ...two(Invoicer, 'invoicing'), ...two(Reviewer, 'reviewer')];
  await Promise.all(office.map((one) => one.begin()));
  Object.assign(first, { partner: second });
  Object.assign(second, { partner: first });
  for (const member of people) member.payer = new Payer(member);
  return office;
}

module.exports = { openOffice };
