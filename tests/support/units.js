/* Member units that are certified, as stories about dues begin with them. */
'use strict';
const { eventually, newCreditCode, newLicencePicture, newMember } = require('./visitor.js');

/* What the unit's form says, with its paper. */
async function unitForm(person, phone, unit_name, uscc, more) {
  const target = `/api/v1/attachments?purpose=qualification_files&file_name=${encodeURIComponent('资质.png')}`;
  const file = await person.expect(200, 'POST', target, { bytes: newLicencePicture(), type: 'image/png' });
  return { member_unit: {
    unit_name, association_post: 'MEMBER', legal_person_name: '张三', legal_person_phone: phone, principal_name: '李四', principal_phone: phone,
    uscc, member_category: (await person.get('/api/v1/dictionaries/member_category')).items[0].code, qualification_files: [file.id], ...more,
  } };
}

/* Handed in by a new person; payment knows of it. `approve`: by the secretary, with more of a verdict; its bill comes by itself: `bill`. */
async function appliedUnit(secretary, unit_name, more) {
  const member = await newMember();
  const { person, phone } = member;
  const form = await unitForm(person, phone, unit_name, newCreditCode(), more);
  const { version } = await person.put('/api/v1/identities/MEMBER_UNIT/draft', { version: 0, form });
  const { application_no } = await person.post('/api/v1/identities/MEMBER_UNIT/submissions', { version, form });
  const duesWhen = (what, holds) => eventually(what, 10, async () => {
    const { status, body } = await person.send('GET', '/api/v1/dues');
    return status === 200 && holds(body) && body;
  });
  await duesWhen('dues of who applies', () => true);
  return { ...member, unit_name, async approve(verdict) {
    const { reviews } = await secretary.get(`/api/v1/staff/reviews?view=OPEN&q=${application_no}`);
    await secretary.post(`/api/v1/staff/reviews/${reviews[0].id}/decision`, { submission_version: 1, verdict: 'APPROVE', association_post: 'MEMBER', ...verdict });
    return { ...this, bill: (await duesWhen('the first bill', ({ bills }) => bills.length > 0)).bills[0] };
  } };
}

const certifiedUnit = async (secretary, unit_name, more) => (await appliedUnit(secretary, unit_name, more)).approve();

/* The unit's voucher for its first bill. */
async function handInVoucher({ person, unit_name, bill }, more) {
  const target = `/api/v1/payment-files?purpose=voucher_files&file_name=${encodeURIComponent('回单.png')}`;
  const file = await person.expect(200, 'POST', target, { bytes: newLicencePicture(), type: 'image/png' });
  return person.post('/api/v1/vouchers', {
    bill_ids: [bill.id], pay_method: 'BANK', voucher_files: [file.id], paid_amount: '2000', payer_name: unit_name,
    receipt_info: { receipt_title: unit_name, receipt_tax_id: newCreditCode(), receipt_phone: '18003551778' }, ...more,
  });
}

module.exports = { appliedUnit, certifiedUnit, handInVoucher, unitForm };
