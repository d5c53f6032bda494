/* Experts of a story: made up, handed in and approved, and the secretary who approves them. */
'use strict';
const { digits, newIdNumber, newLicencePicture, newMember, newStaff } = require('./visitor.js');

const numbers = new Set();

/* There are a hundred of a day. */
function freshIdNumber() {
  for (;;) {
    const number = newIdNumber('19800101');
    if (numbers.has(number)) continue;
    numbers.add(number);
    return number;
  }
}

async function upload(person, purpose) {
  const target = `/api/v1/attachments?purpose=${purpose}&file_name=${encodeURIComponent('证件.png')}`;
  return (await person.expect(200, 'POST', target, { bytes: newLicencePicture(), type: 'image/png' })).id;
}

/* As its page asks before the form. */
async function consent(person) {
  const { scope, version, text_hash } = await person.get('/api/v1/consents/ID_CARD');
  await person.post('/api/v1/consents', { scope, version, text_hash, agreed: true });
}

async function expertForm(person, phone, { name, specialty, until, employer }) {
  return {
    name, gender: '1', birth_date: '1980-01-01', ethnicity: '01', id_number: freshIdNumber(), address: '长治市潞州区太行西街406号',
    political_status: '13', mobile: phone, employer_name: employer, province_code: '140000', city_code: '140400',
    education_level: '21', expert_type: 'ECON', review_specialties: [specialty], preferred_regions: ['140400'],
    id_card_files: [await upload(person, 'id_card_files'), await upload(person, 'id_card_files')],
    qualifications: [{
      occupation_name: '造价工程师', qualification_code: 'COST1', qualification_major: 'COST_01', years_in_major: (await person.get('/api/v1/dictionaries/years_in_major')).items[0].code,
      certificate_no: `建造14${digits(8)}`, issuing_authority: '住房和城乡建设部', issued_on: '2019-06-01', valid_to: until,
      certificate_files: [await upload(person, 'certificate_files')],
    }],
    employments: [{ start_month: '2004-07', until_now: true, employer_name: employer, job_title: '总工程师' }],
    educations: [{ start_month: '2000-09', end_month: '2004-06', school: '太原理工大学', major: '工程造价', education_level: '21' }],
  };
}

let second; // experts take two persons

/* Handed in by a new person, approved by the secretary and by another one. */
async function approvedExpert(secretary, { employer = '长治市咨询有限公司', ...others }) {
  const { person, phone, password } = await newMember();
  const facts = { employer, ...others };
  await consent(person);
  const form = { expert: await expertForm(person, phone, facts) };
  const { version } = await person.put('/api/v1/identities/EXPERT/draft', { version: 0, form });
  const { application_no } = await person.post('/api/v1/identities/EXPERT/submissions', { version, form });
  const { reviews } = await secretary.get(`/api/v1/staff/reviews?view=OPEN&q=${application_no}`);
  second ??= await newStaff('secretary', '赵复核');
  for (const clerk of [secretary, second])
    await clerk.post(`/api/v1/staff/reviews/${reviews[0].id}/decision`, { submission_version: 1, verdict: 'APPROVE', acknowledged: ['certificates_all_expired'] });
  return { browser: person, phone, password };
}

module.exports = { approvedExpert, consent };
