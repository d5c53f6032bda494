/* The signature is checked here, in the browser, with the keys that came in the page; the state of today is asked from the
   platform. A key that cannot be had, or a browser that cannot count, is no forgery: only a wrong signature is. */
import { verifyAsync } from '@noble/ed25519';

/* How many lines are signed: the newer form names its key at the end. */
const forms = { 'guild-certificate-1': 7, 'guild-certificate-2': 8 };
const states = {
  ACTIVE: ['good', '会员有效'], EXPIRING: ['good', '会员有效（即将到期）'], GRACE: ['wait', '已到期，在宽限期内'], EXPIRED: ['bad', '会员资格已过期'],
  SUSPENDED: ['bad', '会籍已暂停'], TERMINATED: ['bad', '已不是会员'],
};

const place = (id) => document.getElementById(id);

function show(id, tone, title, rows = [], words = '') {
  const box = place(id);
  const list = document.createElement('dl');
  for (const [label, value] of rows) {
    const row = document.createElement('div');
    row.append(Object.assign(document.createElement('dt'), { textContent: label }), Object.assign(document.createElement('dd'), { textContent: value }));
    list.append(row);
  }
  box.replaceChildren(Object.assign(document.createElement('h2'), { textContent: title }), list, Object.assign(document.createElement('p'), { textContent: words }));
  box.className = `verdict ${tone}`;
  box.hidden = false;
}

function bytesOf(base64url) {
  const text = atob(base64url.replace(/-/g, '+').replace(/_/g, '/'));
  return Uint8Array.from(text, (sign) => sign.charCodeAt(0));
}

const hexBytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16));

async function ask(target) {
  const answer = await fetch(target, { headers: { Accept: 'application/json' } });
  const body = await answer.json();
  if (!answer.ok) throw Object.assign(new Error(body.detail ?? '暂时无法查询，请稍后再试。'), { isKnown: answer.status === 404 });
  return body;
}

async function look(q) {
  try {
    const member = await ask(`/api/v1/member-status?q=${encodeURIComponent(q)}`);
    const [tone, title] = states[member.state] ?? ['bad', '现在不是会员'];
    show('answer', tone, title, [
      ['单位名称', member.unit_name], ['统一社会信用代码', member.uscc], ['会员编号', member.member_no], ['会内职务', member.association_post_name],
      ['有效期', `${member.first_day} 至 ${member.last_day}`], ['查询时间', new Date(member.checked_at).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai' })],
    ], '以上为平台当前记录。');
  } catch (error) {
    if (error.isKnown) show('answer', 'bad', '没有查到', [], error.message);
    else show('answer', 'wait', '暂时查不到当前状态', [], error instanceof TypeError ? '网络中断，请检查网络后重新核验。' : error.message);
  }
}

/* "#payload.signature", as services/payment/certificate.c makes it; undefined: it is none. */
function readCode(code) {
  try {
    const [payload, signature, ...more] = code.split('.').map(bytesOf);
    const lines = new TextDecoder('utf-8', { fatal: true }).decode(payload).split('\n');
    if (signature.length !== 64 || more.length > 0 || lines.length !== forms[lines[0]]) return undefined;
    return { payload, signature, lines };
  } catch {
    return undefined;
  }
}

async function keysOf() {
  const printed = place('check').closest('[data-keys]').dataset.keys.match(/\b[0-9a-f]{64}\b/g);
  return printed ?? [(await ask('/api/v1/certificate-key')).public_key];
}

/* The key that the code names first; a code of the older form names none. */
async function isSigned({ payload, signature, lines }) {
  for (const key of (await keysOf()).filter((one) => !lines[7] || one.startsWith(lines[7])))
    if (await verifyAsync(signature, payload, hexBytes(key))) return true;
  return false;
}

async function check(code) {
  const read = readCode(code);
  let good = false;
  try {
    good = read !== undefined && (await isSigned(read));
  } catch (error) {
    show('signature', 'wait', '暂时无法核验签名', [], `${error instanceof TypeError ? '网络中断，或这个浏览器过旧。请检查网络后刷新本页，或换一个浏览器。' : '请稍后刷新本页再试。'}这不表示证书有问题。`);
    await look(read.lines[1]);
    return;
  }
  if (!good) {
    show('signature', 'bad', '证书签名无效', [], '二维码的内容不是本协会签发的，或已被改动。请在上方输入单位名称查询，或致电协会核实。');
    return;
  }
  const [, number, unit, uscc, post, first, last] = read.lines;
  show('signature', 'good', '证书签名有效', [
    ['单位名称', unit], ['统一社会信用代码', uscc], ['会员编号', number], ['会内职务', post], ['证书有效期', `${first} 至 ${last}`],
  ], '证书内容由本协会签发，未被改动。现在的状态见下方。');
  place('q').value = number;
  await look(number);
}

place('check').addEventListener('submit', (event) => {
  event.preventDefault();
  place('signature').hidden = true;
  void look(place('q').value.trim());
});

const asked = new URLSearchParams(location.search).get('q');
if (location.hash.length > 1) void check(location.hash.slice(1));
else if (asked) {
  place('q').value = asked;
  void look(asked);
}
