/* The money's part of the checker. What the office and the units meant and were told is held against what stands in the
   database, by sums of its own beside the platform's ledger_differences(): no fen is lost or counted twice, a line of the
   bank pays once, each posted payment has one receipt that holds, what was decided is there, what was refused is not, and
   terms of membership do not overlap. Kinds: those of check.js, and term. */
'use strict';

const sum = (rows, field) => rows.reduce((total, row) => total + row[field], 0);

class Money {
  constructor(checker) {
    this.checker = checker;
    this.rows = checker.rows;
    const by = (list, field = 'id') => new Map(list.map((row) => [row[field], row]));
    this.vouchers = by(this.rows.voucher);
    this.bills = by(this.rows.bill);
    this.receipts = by(this.rows.receipt);
    this.lines = by(this.rows.statement_line);
    this.transfers = new Map();
    for (const row of this.rows.transfer) this.transfers.set(row.voucher_id, [...(this.transfers.get(row.voucher_id) ?? []), row]);
  }

  expect(...words) {
    this.checker.expect(...words);
  }

  count(...words) {
    this.checker.count(...words);
  }

  /* Those of an operation that were done, and of them those about one thing. */
  done(...ops) {
    return this.checker.of(...ops).filter((one) => one.done);
  }

  about(op, field, id) {
    return this.grouped(op, field).get(id) ?? [];
  }

  groups = new Map();
  grouped(op, field) {
    const name = `${op} ${field}`;
    if (!this.groups.has(name)) {
      const groups = new Map();
      for (const one of this.done(op)) groups.set(one[field], [...(groups.get(one[field]) ?? []), one]);
      this.groups.set(name, groups);
    }
    return this.groups.get(name);
  }

  /* What was made by an operation that gave its id, each once; nothing else is there. */
  made(list, intents, what) {
    const found = new Set(list.map((row) => row.id));
    const meant = new Map(intents.map((one) => [one.kept.id, one]));
    for (const [id, one] of meant) this.expect(found.has(id), 'lost', `${what} ${id}, made by ${one.n}, is gone`);
    for (const id of found) this.expect(meant.has(id), 'phantom', `nobody made ${what} ${id}`);
    return meant;
  }

  transfersOf(voucher) {
    return this.transfers.get(voucher) ?? [];
  }

  // ---- what takes two persons

  confirmed(kind) {
    return this.rows.proposal.filter((row) => row.kind === kind && row.state === 'CONFIRMED');
  }

  proposed() {
    const makers = this.made(this.rows.proposal, this.done('propose'), 'proposal');
    for (const row of this.rows.proposal) {
      const name = `proposal ${row.id}, ${row.kind}`;
      const verdicts = this.about('settle', 'proposal', row.id);
      const state = { CONFIRM: 'CONFIRMED', REFUSE: 'REFUSED' }[verdicts[0]?.verdict] ?? 'REQUESTED';
      this.expect(row.state === state, verdicts.length > 0 ? 'lost' : 'phantom', `${name} is ${row.state}, ${state} was decided`);
      this.expect(verdicts.length <= 1, 'duplicate', `${name} was decided by ${verdicts.map(({ n }) => n)}`);
      this.expect(verdicts.every((one) => one.account === row.decided_by), 'order', `${name} was decided by another`);
      this.expect(row.decided_by !== row.requested_by, 'order', `${name} was decided by who asked for it`);
      const maker = makers.get(row.id);
      this.expect(!maker || (maker.kind === row.kind && maker.unit === row.account_id && (maker.fen ?? row.amount_fen) === row.amount_fen),
        'order', `${name} is another than ${maker?.n} asked for`);
      const moved = this.rows.transfer.filter((one) => one.proposal_id === row.id).length;
      this.expect(row.state === 'CONFIRMED' || moved === 0, 'refused_but_done', `${name} is ${row.state} and moved money`);
      const paid = this.about('pay-back', 'proposal', row.id);
      this.count(row.paid_back_on === null ? 0 : 1, Math.min(paid.length, 1), `the word that ${name} was paid back`, ['lost', 'phantom']);
      this.expect(paid.length <= 1, 'duplicate', `${name} was paid back by ${paid.map(({ n }) => n)}`);
    }
  }

  // ---- payments

  reversed(id) {
    return this.confirmed('REVERSE').some((row) => row.voucher_id === id);
  }

  /* What became of a voucher, by all that was done to it. */
  fate(id) {
    const decided = this.about('confirm', 'voucher', id);
    const ended = [...decided, ...this.about('withdraw-voucher', 'voucher', id), ...this.about('let-go', 'voucher', id)];
    this.expect(ended.length <= 1, 'duplicate', `voucher ${id} was ended by ${ended.map(({ n }) => n)}`);
    const by = ended[0];
    if (by?.op !== 'confirm') return { by, state: by ? 'WITHDRAWN' : 'SUBMITTED' };
    if (by.verdict === 'REJECT') return { by, state: 'REJECTED' };
    return { by, state: this.reversed(id) ? 'REVERSED' : 'CONFIRMED' };
  }

  payments() {
    const makers = this.made(this.rows.voucher, this.done('record', 'take', 'pay'), 'voucher');
    for (const row of this.rows.voucher) {
      const maker = makers.get(row.id);
      const { by, state } = this.fate(row.id);
      const name = `voucher ${row.id}`;
      this.expect(!maker || (maker.unit === row.account_id && maker.fen === row.paid_fen), 'order', `${name} is another than ${maker?.n} entered`);
      this.expect(row.state === state, by ? 'lost' : 'phantom', `${name} is ${row.state}, ${state} was decided`);
      this.expect(by?.op !== 'confirm' || row.decided_by === by.account, 'order', `${name} was decided by another`);
      const isPosted = ['CONFIRMED', 'REVERSED'].includes(state);
      this.expect(!isPosted || row.confirmed_fen === by.fen, 'ledger', `${name} is confirmed with ${row.confirmed_fen} fen, ${by?.fen} were`);
      const postings = this.transfersOf(row.id).filter((one) => one.debit_kind === 'BANK' && one.reverses === null);
      this.count(postings.length, isPosted ? 1 : 0, `postings of ${name}`);
    }
  }

  /* By unit: what was confirmed, less what was paid back, is what its bills and its credit stand at. */
  sums() {
    const all = { paid: 0, back: 0 };
    for (const unit of this.rows.unit) {
      const mine = (list) => list.filter((row) => row.account_id === unit.account_id);
      const paid = sum(mine(this.rows.voucher).filter((row) => row.state === 'CONFIRMED'), 'confirmed_fen');
      const back = sum(mine(this.confirmed('REFUND')), 'amount_fen');
      const stands = unit.credit_fen + sum(mine(this.rows.bill), 'paid_fen');
      this.expect(unit.credit_fen >= 0 && stands === paid - back, 'ledger',
        `unit ${unit.account_id} paid ${paid} fen and got ${back} back, its bills and credit stand at ${stands}`);
      all.paid += paid;
      all.back += back;
    }
    for (const bill of this.rows.bill) {
      const waived = ['WAIVE', 'UNWAIVE'].map((kind) => sum(this.confirmed(kind).filter((row) => row.bill_id === bill.id), 'amount_fen'));
      this.expect(bill.waived_fen === waived[0] - waived[1], 'ledger', `of bill ${bill.id} ${bill.waived_fen} fen are waived, ${waived[0]} - ${waived[1]} were`);
    }
    const bank = (side) => sum(this.rows.transfer.filter((row) => row[side] === 'BANK'), 'amount_fen');
    this.expect(bank('debit_kind') - bank('credit_kind') === all.paid - all.back, 'ledger',
      `the bank has ${bank('debit_kind') - bank('credit_kind')} fen, ${all.paid} came and ${all.back} went`);
    for (const row of this.rows.ledger)
      this.checker.breach('ledger', `${row.what} ${row.subject}: ${row.found_fen} instead of ${row.expected_fen} fen`);
  }

  // ---- receipts

  refunded(id) {
    return sum(this.transfersOf(id).filter((row) => row.credit_kind === 'BANK' && row.reverses === null), 'amount_fen');
  }

  held() {
    const byVoucher = new Map();
    for (const row of this.rows.receipt) byVoucher.set(row.voucher_id, [...(byVoucher.get(row.voucher_id) ?? []), row]);
    for (const voucher of this.rows.voucher) {
      const all = byVoucher.get(voucher.id) ?? [];
      const kept = voucher.state === 'CONFIRMED' ? voucher.confirmed_fen - this.refunded(voucher.id) : 0;
      const holding = all.filter((row) => row.state !== 'VOID');
      this.count(holding.length, kept > 0 ? 1 : 0, `receipts of voucher ${voucher.id} that hold`);
      this.expect(holding.every((row) => row.amount_fen === kept), 'ledger', `the receipt of voucher ${voucher.id} is not for ${kept} fen`);
      const replaced = new Set(all.map((row) => row.replaces));
      for (const row of kept > 0 ? all : [])
        this.expect(row.state !== 'VOID' || replaced.has(row.id), 'lost', `receipt ${row.id} is void and nothing took its place`);
    }
  }

  issued() {
    const numbered = new Map(this.done('issue').map((one) => [String(one.n).padStart(10, '0'), one]));
    for (const one of numbered.values())
      this.expect(this.receipts.get(one.receipt)?.receipt_no === String(one.n).padStart(10, '0'), 'lost',
        `receipt ${one.receipt} has not the number that ${one.n} gave it`);
    for (const row of this.rows.receipt) {
      const name = `receipt ${row.id}`;
      const is = (state) => row.state === state;
      const counts = (op) => this.about(op, 'receipt', row.id).length;
      this.expect(row.receipt_no === '' || numbered.get(row.receipt_no)?.receipt === row.id, 'phantom', `nobody issued ${name} as ${row.receipt_no}`);
      this.count(counts('issue'), row.receipt_no === '' ? 0 : 1, `issues of ${name}`);
      const open = counts('return') - counts('correct');
      this.expect(is('VOID') || open === (is('RETURNED') ? 1 : 0), 'lost', `${name} is ${row.state}, ${open} returns of it are open`);
      this.expect(is('VOID') ? counts('void') <= 1 : counts('void') === 0, 'lost', `${name} is ${row.state} and was made void ${counts('void')} times`);
      const moved = this.vouchers.get(row.voucher_id)?.state === 'REVERSED' || this.refunded(row.voucher_id) > 0;
      this.expect(!is('VOID') || counts('void') === 1 || moved, 'phantom', `nobody made ${name} void`);
      const asked = counts('ask-reissue') - counts('decline');
      this.expect(is('VOID') || asked === (row.reissue_reason === '' ? 0 : 1), 'lost', `${name}: ${asked} wishes for another are open, it says "${row.reissue_reason}"`);
    }
  }

  // ---- the bank

  /* Of each file its five lines, the last two alike, once, however often and by whomever it was brought. */
  brought() {
    const payers = new Map();
    for (const row of this.rows.statement_line) payers.set(row.payer_name, (payers.get(row.payer_name) ?? 0) + 1);
    for (const { file } of this.checker.of('import')) {
      const isThere = this.about('import', 'file', file).length > 0 && this.about('take-back', 'file', file).length === 0;
      for (const k of [1, 2, 3, 4]) {
        const payer = `第${file}号文件第${k}行`;
        this.count(payers.get(payer) ?? 0, isThere ? Math.floor(k / 4) + 1 : 0, `lines of ${payer}`, isThere ? undefined : ['phantom', 'phantom']);
      }
    }
    const meant = new Set(this.checker.of('import').map(({ file }) => file));
    for (const payer of payers.keys())
      this.expect(meant.has(Number(/^第(\d+)号/.exec(payer)?.[1])), 'phantom', `no file has the line of ${payer}`);
    const undone = new Set(this.rows.statement_undo.map((row) => row.statement_id));
    const files = this.made(this.rows.statement, this.done('import').map((one) => ({ ...one, kept: { id: one.kept.statement_id } })), 'file');
    for (const row of this.rows.statement) {
      const lines = this.rows.statement_line.filter((one) => one.statement_id === row.id).length;
      this.expect(undone.has(row.id) || row.added === lines, 'order', `file ${row.id} says that it added ${row.added} lines, it has ${lines}`);
      this.expect(undone.has(row.id) || files.get(row.id)?.kept === undefined || row.file_name === `f${files.get(row.id).file}.csv`, 'order', `file ${row.id} is another`);
    }
  }

  /* A line pays once: the voucher that it was laid on, while that is confirmed. */
  laid() {
    const paying = new Map();
    for (const one of this.done('confirm').filter(({ line, voucher }) => line > 0 && this.vouchers.get(voucher)?.state === 'CONFIRMED')) {
      const line = this.lines.get(one.line);
      this.expect(!paying.has(one.line), 'duplicate', `line ${one.line} pays vouchers ${paying.get(one.line)} and ${one.voucher}`);
      paying.set(one.line, one.voucher);
      this.expect(line?.state === 'ALLOCATED' && line.voucher_id === one.voucher, 'lost', `line ${one.line} does not pay voucher ${one.voucher}`);
      this.expect(line?.dues_fen === one.fen, 'ledger', `line ${one.line} of ${line?.dues_fen} fen pays for ${one.fen}`);
    }
    for (const one of this.done('take').filter(({ kept }) => this.vouchers.get(kept.id)?.state === 'SUBMITTED')) {
      const line = this.lines.get(one.line);
      this.expect(line?.state === 'PROPOSED' && line.voucher_id === one.kept.id, 'lost', `line ${one.line} is not claimed for voucher ${one.kept.id}`);
    }
    for (const row of this.rows.statement_line) this.line(row, paying);
  }

  line(row, paying) {
    const name = `line ${row.id}`;
    const counts = (op) => this.about(op, 'line', row.id).length;
    this.expect(row.state !== 'ALLOCATED' || paying.get(row.id) === row.voucher_id, 'phantom', `nobody laid ${name} on voucher ${row.voucher_id}`);
    this.expect(row.state !== 'PROPOSED' || this.about('take', 'line', row.id).some(({ kept }) => kept.id === row.voucher_id), 'phantom',
      `nobody claimed ${name} for voucher ${row.voucher_id}`);
    const aside = counts('ignore') - counts('restore');
    this.expect(aside === (row.state === 'IGNORED' ? 1 : 0), 'lost', `${name} is ${row.state}, it was set aside ${aside} times more than taken back`);
    this.expect(row.other_fen === 0 || this.about('split', 'line', row.id).some(({ fen }) => fen === row.other_fen), 'phantom', `nobody split ${name}`);
  }

  // ---- memberships

  terms() {
    const live = this.rows.term.filter((row) => row.voided_at === null);
    const byId = new Map(this.rows.term.map((row) => [row.id, row]));
    for (const one of this.done('open')) this.expect(byId.has(one.kept.id), 'lost', `term ${one.kept.id}, opened by ${one.n}, is gone`);
    const opened = new Set(this.done('open').map((one) => one.kept.id));
    const settled = (bill) => ['PAID', 'WRITTEN_OFF'].includes(this.bills.get(bill)?.state);
    for (const row of live) {
      this.expect(settled(row.bill_id), 'term', `term ${row.id} stands on bill ${row.bill_id}, which is not settled`);
      for (const other of live)
        this.expect(other.id <= row.id || other.account_id !== row.account_id || other.first_day > (row.ended_on ?? row.last_day) ||
          row.first_day > (other.ended_on ?? other.last_day), 'term', `terms ${row.id} and ${other.id} of unit ${row.account_id} overlap`);
    }
    for (const row of this.rows.term)
      this.expect(opened.has(row.id) || (row.opened_by === null && this.about('open', 'unit', row.account_id).length > 0), 'phantom',
        `nobody opened term ${row.id} of unit ${row.account_id}`);
    for (const row of this.rows.membership) {
      const counts = (kind) => this.confirmed(kind).filter((one) => one.account_id === row.account_id).length;
      this.expect(row.state === (counts('SUSPEND') > counts('RESUME') ? 'SUSPENDED' : 'ACTIVE'), 'order', `the membership of unit ${row.account_id} is ${row.state}`);
    }
  }
}

function checkMoney(checker) {
  const money = new Money(checker);
  money.proposed();
  money.payments();
  money.sums();
  money.held();
  money.issued();
  money.brought();
  money.laid();
  money.terms();
}

/* By event: how many of it there must be. */
function moneyTold(checker) {
  const money = new Money(checker);
  const done = (...ops) => money.done(...ops).length;
  return {
    'voucher.submitted': done('pay'), 'voucher.recorded': done('record', 'take'), 'voucher.reversed': money.confirmed('REVERSE').length,
    'bill.waived': money.confirmed('WAIVE').length, 'bill.waiver_reversed': money.confirmed('UNWAIVE').length, 'refund.paid': done('pay-back'),
    'receipt.issued': done('issue'), 'receipt.returned': done('return'), 'receipt.reissue_asked': done('ask-reissue'),
    'receipt.reissue_declined': done('decline'), 'membership.opened': checker.rows.term.length,
    'membership.changed': money.confirmed('SUSPEND').length + money.confirmed('RESUME').length,
  };
}

module.exports = { checkMoney, moneyTold };
