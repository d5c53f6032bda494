/* Invented people and units of 长治, and what they fill in. Person n of a seed is always the same one.

   Nobody can meet himself: the telephone numbers are 199-0355-nnnn and are sent nothing, the organisations of credit codes
   begin with MADEM, the region of identity numbers, 142221, was abolished in 1983, a year before the first number was given
   out, and every paper says 样本. */
'use strict';
const { creditCode, idNumber } = require('./numbers.js');

const surnames = [...'王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯董程曹袁许傅沈曾彭吕苏卢蒋'];
const givenNames = ['建国', '志强', '晓燕', '丽华', '文博', '俊杰', '秀英', '海涛', '雪梅', '永红',
  '国栋', '春生', '敏', '静', '磊', '鹏飞', '桂兰', '玉珍', '振华', '立新', '思远', '雅琴', '红霞', '卫东', '瑞', '慧敏', '晋生', '凯', '淑芳', '宏伟'];
const brands = ['太行', '潞安', '上党', '漳泽', '襄垣', '长子', '壶关', '屯留', '黎城', '沁源', '武乡', '老顶山', '神农',
  '浊漳', '金威', '晋东南', '恒信', '同创', '正源', '中诚', '鼎立', '华鑫', '博远', '鸿泰', '天成'];
const ownerTrades = ['建设开发', '房地产开发', '城市建设投资', '水务建设', '文旅发展', '新能源开发', '交通建设投资', '煤业'];
const memberTrades = {
  COST: '工程造价咨询', CONSULT: '工程咨询', TENDER: '招标代理', SUPERVISE: '工程监理', PM: '工程项目管理', SURVEY: '工程勘察',
  DESIGN: '工程设计', MAPPING: '测绘', TEST: '工程质量检测', CONSTRUCT: '建筑工程', FULL: '全过程工程咨询',
};
const streets = ['潞州区太行西街', '潞州区英雄中路', '潞州区长兴中路', '上党区迎宾大道', '屯留区麟绛东大街', '潞城区中华大街', '襄垣县府前路', '长子县丹朱东大街',
  '壶关县新建路', '沁源县胜利路'];
const schools = ['太原理工大学', '山西大学', '中北大学', '长安大学', '西安建筑科技大学', '重庆大学', '河北工程大学', '长治学院'];
/* qualification, its major, what it is about, what its holder may review, the kind of expert */
const callings = [
  ['COST1', 'COST_01', '一级造价工程师', '土木建筑工程', 'ECON'], ['COST2', 'COST_02', '二级造价工程师', '安装工程', 'ECON'],
  ['CONSULT1', 'CONSULT_17', '咨询工程师（投资）', '建筑', 'TECH'], ['SUPERVISE1', 'SUPERVISE_05', '监理工程师', '市政公用', 'TECH'],
  ['BUILDER1', 'BUILD1_08', '一级建造师', '市政公用', 'MGMT'], ['SAFETY_MIDDLE', 'SAFETY_05', '中级注册安全工程师', '建筑施工', 'TECH'],
  ['TITLE_SENIOR', 'OTHER_02', '高级工程师', '工民建', 'TECH'],
];
const kinds = ['OWNER_UNIT', 'MEMBER_UNIT', 'EXPERT', 'NATURAL_PERSON'];

/* Numbers from 0 to 1, the same ones for the same start (mulberry32). */
function chance(start) {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/* Person n: what he is called, where he works, and dice of his own. */
function personOf(seed, n) {
  const roll = chance(seed * 100003 + n);
  const below = (count) => Math.floor(roll() * count);
  const pick = (list) => list[below(list.length)];
  const two = (count) => String(1 + below(count)).padStart(2, '0');
  const kind = kinds[n % kinds.length];
  const trade = kind === 'OWNER_UNIT' ? pick(ownerTrades) : pick(Object.values(memberTrades));
  const man = roll() < 0.6;
  const birth = [String(1960 + 10 * below(3) + (Math.floor(n / 100) % 10)), two(12), two(28)]; // with the order: one of n < 1000
  return {
    n, kind, pick, below, man, birth, name: pick(surnames) + pick(givenNames), other: pick(surnames) + pick(givenNames),
    phone: `1990355${String(n).padStart(4, '0')}`, unit: `长治市${pick(brands)}${pick(brands)}${trade}有限公司`, trade,
    address: `山西省长治市${pick(streets)}${1 + below(399)}号`, founded: [String(1996 + below(28)), two(12), two(28)],
    uscc: creditCode(`MADEM${String(n).padStart(3, '0')}`),
    id: idNumber('142221', birth.join(''), `${String(n).padStart(3, '0').slice(-2)}${man ? 1 : 2}`),
  };
}

const licence = (person) => ['licence', {
  uscc: person.uscc, unit_name: person.unit, person: person.name, business: `${person.trade}；工程管理服务；信息咨询服务`,
  capital: 100 * (1 + person.below(30)), founded: `${person.founded[0]}年${person.founded[1]}月${person.founded[2]}日`, address: person.address,
}];

const certificate = (person, title, name, major, number, issued, authority) =>
  ['certificate', { person: person.name, title, name, major, number, issued, authority }];

/* Files stand as [template, words]; whoever hands the form in draws and uploads them. */
const forms = {
  OWNER_UNIT: (person) => ({
    unit_name: person.unit, contact_name: person.name, contact_phone: person.phone, uscc: person.uscc,
    business_license_file: [licence(person)],
  }),
  MEMBER_UNIT: (person) => ({
    unit_name: person.unit, association_post: person.pick(['MEMBER', 'MEMBER', 'MEMBER', 'COUNCIL', 'VICE_PRESIDENT']),
    legal_person_name: person.name, legal_person_phone: `0355-${2000000 + person.below(1000000)}`,
    principal_name: person.other, principal_phone: person.phone, uscc: person.uscc,
    member_category: Object.keys(memberTrades).find((code) => memberTrades[code] === person.trade),
    reg_address: person.address, email: `demo${person.n}@example.com`,
    introduction: `${person.unit}成立于${person.founded[0]}年，主要从事${person.trade}业务。（演示数据）`, qualification_files: [licence(person)],
  }),
  EXPERT: (person) => {
    const qualifications = [qualification(person)];
    const graduated = Number(person.birth[0]) + 22;
    return {
      name: person.name, gender: person.man ? '1' : '2',
      birth_date: person.birth.join('-'), ethnicity: '01', id_number: person.id, address: person.address,
      political_status: person.pick(['01', '13', '12']), mobile: person.phone, employer_name: person.unit,
      province_code: '140000', city_code: '140400', education_level: '21', expert_type: person.calling[4],
      review_specialties: ['A0201', 'A0101'].slice(0, 1 + person.below(2)),
      preferred_regions: ['140400', person.pick(['140500', '140100', '140700'])],
      id_card_files: [identityFront(person), ['id-card-back', { issued: `${2006 + person.below(18)}.${person.birth[1]}.01` }]],
      qualifications,
      employments: [{
        start_month: `${graduated}-08`, until_now: true, employer_name: person.unit, job_title: person.pick(['总工程师', '部门经理', '项目负责人']),
        duties: `参与${person.pick(['市政道路', '保障性住房', '供水管网', '中学教学楼'])}等项目的${person.trade}工作。（演示数据）`,
      }],
      educations: [{
        start_month: `${graduated - 4}-09`, end_month: `${graduated}-07`, school: person.pick(schools), major: person.pick(['土木工程', '工程造价', '工程管理']),
        education_level: '21', degree: '4', study_mode: 'FULL_TIME',
      }],
    };
  },
  NATURAL_PERSON: (person) => ({
    name: person.name, mobile: person.phone, employer_name: person.unit, qualifications: [qualification(person)],
  }),
};

function identityFront(person) {
  return ['id-card-front', {
    person: person.name, gender: person.man ? '男' : '女', born: person.birth.map((part, i) => `${Number(part)} ${'年月日'[i]}`).join(' '),
    address_1: person.address.slice(0, 12), address_2: person.address.slice(12), id_number: person.id,
  }];
}

function qualification(person) {
  person.calling = person.pick(callings);
  const [qualification_code, qualification_major, occupation_name, major] = person.calling;
  const certificate_no = `演示14${String(100000 + person.n)}`;
  const issued_on = `${2010 + person.below(15)}-06-01`;
  const issuing_authority = '演示省人力资源和社会保障厅';
  return {
    occupation_name, qualification_code, qualification_major, years_in_major: person.pick(['5', '8', '10', '15']), certificate_no,
    issuing_authority, issued_on, valid_forever: true,
    certificate_files: [certificate(person, '职业资格证书', occupation_name, major, certificate_no, issued_on, issuing_authority)],
  };
}

/* The form with papers that were good until that day. */
function endingOn(form, day) {
  if (!form.qualifications) return { ...form, license_valid_to: day };
  return { ...form, qualifications: form.qualifications.map((row) => ({ ...row, valid_forever: false, valid_to: day })) };
}

/* What is different when an approved one is changed: another contact, principal or employer. */
const changes = {
  OWNER_UNIT: (person) => ({ contact_name: person.other }),
  MEMBER_UNIT: (person) => ({ principal_name: person.name, introduction: '负责人变更。（演示数据）' }),
  EXPERT: (person) => ({ employer_name: `长治市${person.pick(brands)}工程咨询有限公司` }),
  NATURAL_PERSON: (person) => ({ employer_name: `长治市${person.pick(brands)}工程咨询有限公司` }),
};

module.exports = {
  personOf,
  endingOn,
  formOf: (person) => forms[person.kind](person),
  changeOf: (person) => changes[person.kind](person),
};
