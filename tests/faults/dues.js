/* Money in the campaign: two of finance enter payments of one yuan and confirm each other's; the bills never end. */
'use strict';
const { Reviewer } = require('./load.js');
const { pause } = require('../support/visitor.js');

/* Units that owe, of people who registered. */
const owing = (accounts) => `
  SET search_path = payment;
  INSERT INTO payment.unit (account_id, version, certified, unit_name, uscc, association_post, legal_person_name)
  SELECT id, 1, true, '单位' || id, '', 'MEMBER', '' FROM unnest('{${accounts.join(',')}}'::bigint[]) AS id;
  INSERT INTO payment.bill (account_id, year, association_post, association_post_name, amount_fen, reference_code, due_on)
  SELECT id, 2026, 'MEMBER', '会员单位', 1000000000, 'HF' || id, current_date FROM unnest('{${accounts.join(',')}}'::bigint[]) AS id`;

class Cashier extends Reviewer {
  constructor(traffic, accounts) {
    super(traffic, 'finance');
    this.accounts = accounts;
  }

  async act() {
    return this.traffic.random.next() < 0.5 ? this.record() : this.confirm();
  }

  async record() {
    const unit = this.traffic.random.of(this.accounts);
    const paid_date = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(new Date());
    return this.traffic.write('record', this.context({ unit }), 'POST', '/api/v1/staff/vouchers', (n) => ({
      json: { account_id: String(unit), pay_method: 'CASH', paid_amount: '1.00', paid_date, payer_name: '付款单位', remark: `第${n}号` },
    }));
  }

  async confirm() {
    const page = await this.get('/api/v1/staff/vouchers?limit=20');
    if (!page?.vouchers?.length) return pause(200);
    const id = Number(this.traffic.random.of(page.vouchers).id);
    const found = await this.get(`/api/v1/staff/vouchers/${id}`);
    if (!found) return undefined;
    const verdict = this.traffic.random.next() < 0.8 ? 'CONFIRM' : 'REJECT';
    const money = { confirmed_amount: '1.00', received_date: found.item.paid_date, allocations: [{ bill_id: found.bills[0].id, amount: '1.00' }] };
    const json = { version: found.version, verdict, ...(verdict === 'CONFIRM' ? money : { reason_codes: ['V02'] }) };
    return this.traffic.write('confirm', this.context({ voucher: id, verdict }), 'POST', `/api/v1/staff/vouchers/${id}/decision`, { json });
  }
}

module.exports = { Cashier, owing };
