/* Shows what the link of the address is good for, and takes one answer. Whoever has it is asked nothing else. */
const token = location.search.slice(1);
const place = (id) => document.getElementById(id);

const states = {
  OPEN: ['wait', '诚邀您参加评审', '地点在全部专家确认后用短信告知。请在下面答复，答复后不能自行更改。'],
  ACCEPTED: ['good', '已答复：参加', '全部专家确认后，会把地点用短信发给您。如需变更，请致电联系电话。'],
  DECLINED: ['wait', '已答复：不参加', '谢谢您的答复，您无需到场。如有疑问，请致电联系电话。'],
  EXPIRED: ['bad', '答复时间已过', '截止时间前没有收到您的答复，协会会另请专家，您无需到场。如有疑问，请致电联系电话。'],
  REPLACED: ['bad', '已改请其他专家', '截止时间前没有收到您的答复，已按次序改请其他专家，您无需到场。'],
  CANCELLED: ['bad', '评审已取消', '这次评审不再进行，您无需到场。如有疑问，请致电联系电话。'],
};

const make = (name, words, more = {}) => Object.assign(document.createElement(name), { textContent: words, ...more });

function minute(time) {
  return new Date(`${time.replace(' ', 'T')}:00+08:00`).toLocaleString('zh-CN', {
    timeZone: 'Asia/Shanghai', year: 'numeric', month: 'long', day: 'numeric', weekday: 'long', hour: '2-digit', minute: '2-digit', hour12: false,
  });
}

function fact(label, value) {
  const row = document.createElement('div');
  const told = document.createElement('dd');
  told.append(value);
  row.append(make('dt', label), told);
  return row;
}

function show(tone, title, facts, words) {
  const box = place('answer');
  const list = document.createElement('dl');
  list.append(...facts);
  box.replaceChildren(make('h2', title), list, make('p', words));
  box.className = `verdict ${tone}`;
}

function showLink(found) {
  const [tone, title, words] = states[found.state];
  const facts = [fact('评审时间', minute(found.review_at))];
  if (found.state === 'OPEN') facts.push(fact('答复截止', minute(found.reply_by)));
  facts.push(fact('联系电话', make('a', found.contact_phone, { href: `tel:${found.contact_phone}` })));
  show(tone, title, facts, words);
  place('reply').hidden = found.state !== 'OPEN';
}

function complain(words) {
  place('problem').textContent = words;
  place('problem').hidden = words === '';
  place('reason').setAttribute('aria-invalid', String(words !== '' && !place('why').hidden));
}

/* {ok, status, body}; without an answer, words that say so. */
async function ask(path, init) {
  try {
    const answer = await fetch(`/api/v1/invitation-links/${encodeURIComponent(token)}${path}`, init);
    return { ok: answer.ok, status: answer.status, body: await answer.json() };
  } catch {
    return { ok: false, status: 0, body: { detail: '网络连接不上，请检查网络后刷新本页。' } };
  }
}

async function look() {
  const { ok, status, body } = await ask('', { headers: { Accept: 'application/json' } });
  if (ok) showLink(body);
  else show(status === 404 || status === 422 ? 'bad' : 'wait', status === 404 || status === 422 ? '链接不能使用' : '暂时无法读取', [],
    status === 422 ? '这个链接不完整，请核对短信中的链接。' : (body.detail ?? '请稍后再试。'));
}

function busy(is) {
  for (const button of document.querySelectorAll('#reply button')) button.disabled = is;
}

async function reply(accept) {
  complain('');
  busy(true);
  const { ok, status, body } = await ask('/answer', {
    method: 'POST', headers: { Accept: 'application/json', 'Content-Type': 'application/json', 'X-Guild-Request': '1' },
    body: JSON.stringify({ accept, reason: accept ? '' : place('reason').value.trim() }),
  });
  busy(false);
  if (ok) showLink(body);
  else if (status === 422) {
    complain(body.errors?.[0]?.message ?? body.detail);
    place('reason').focus();
  } else {
    await look(); // whatever became of it: what is true now
    complain(body.detail ?? '暂时无法答复，请稍后再试。');
  }
}

place('yes').addEventListener('click', () => void reply(true));
place('no').addEventListener('click', () => {
  if (!place('why').hidden) {
    void reply(false);
    return;
  }
  place('why').hidden = false;
  place('no').textContent = '确定不参加';
  place('reason').focus();
});
place('reply').addEventListener('submit', (event) => event.preventDefault());

void look();
