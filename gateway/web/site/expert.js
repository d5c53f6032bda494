/* Asks the platform for the state of today; the address may name the letter already (its QR code does). */
const states = {
  VALID: ['good', '聘书有效'], PAUSED: ['wait', '聘书有效，现在暂停参评'], EXPIRED: ['bad', '聘期已满'], ENDED: ['bad', '已不是本协会的专家'],
};

const place = (id) => document.getElementById(id);

function show(tone, title, rows, words) {
  const box = place('answer');
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

async function look() {
  const asked = new URLSearchParams({ expert_no: place('no').value.trim(), check_code: place('code').value.trim() });
  try {
    const answer = await fetch(`/api/v1/appointment-status?${asked}`, { headers: { Accept: 'application/json' } });
    const found = await answer.json();
    if (answer.status === 404 || answer.status === 422) show('bad', '没有查到', [], found.detail ?? '请核对专家编号和校验码。');
    else if (!answer.ok) show('wait', '暂时无法查询', [], found.detail ?? '请稍后再试。');
    else {
      const [tone, title] = states[found.state] ?? states.ENDED;
      show(tone, title, [
        ['专家编号', found.expert_no], ['姓名', found.masked_name], ['聘期', `${found.appointed_on} 至 ${found.appointed_until}`],
        ['查询时间', new Date(found.checked_at).toLocaleString('zh-CN', { timeZone: 'Asia/Shanghai' })],
      ], '以上为平台当前记录。');
    }
  } catch {
    show('wait', '暂时无法查询', [], '网络中断，请检查网络后重新核验。');
  }
}

place('check').addEventListener('submit', (event) => {
  event.preventDefault();
  void look();
});

const told = new URLSearchParams(location.search);
place('no').value = told.get('no') ?? '';
place('code').value = told.get('code') ?? '';
if (place('no').value && place('code').value) void look();
