/* Recomputes a published draw with WebCrypto and says whether it agrees. `checkDraw` is pure; below it is the page. */
const bytesOf = (text) => new TextEncoder().encode(text);
const hexOf = (buffer) => Array.from(new Uint8Array(buffer), (byte) => byte.toString(16).padStart(2, '0')).join('');

function bytesOfHex(hex) {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new Error('no hex');
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const sha256 = async (bytes) => hexOf(await crypto.subtle.digest('SHA-256', bytes));

/* RFC 8785, for what has no numbers but integers. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const keys = Object.keys(value).sort();
  return `{${keys.map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

async function orderOf(seed, slot, candidates) {
  const key = await crypto.subtle.importKey('raw', bytesOfHex(seed), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const keyed = await Promise.all(candidates.map(async (expert_no) =>
    ({ expert_no, key: hexOf(await crypto.subtle.sign('HMAC', key, bytesOf(`${slot}${expert_no}`))) })));
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map((one) => one.expert_no);
}

async function resultsOf(seed, { conditions, candidates }) {
  const results = [];
  const drawn = new Set();
  for (const [place, row] of conditions.rows.entries()) {
    const slot = place + 1;
    const order = await orderOf(seed, slot, candidates.filter((one) => one.slots.includes(slot)).map((one) => one.expert_no));
    const before = new Set(drawn);
    let left = row.count;
    for (const [index, expert_no] of order.entries()) {
      const outcome = before.has(expert_no) ? 'ELSEWHERE' : left > 0 ? 'DRAWN' : 'ALTERNATE';
      if (outcome === 'DRAWN') {
        left -= 1;
        drawn.add(expert_no);
      }
      results.push({ slot, place: index + 1, expert_no, outcome });
    }
  }
  return results;
}

/* {steps: [{name, agrees}], agrees, drawn, frozen, results}: `frozen` is what was published of the list, `results` what
   its seeds give. */
export async function checkDraw(published) {
  const frozen = JSON.parse(published.frozen);
  const hash = await sha256(bytesOf(published.frozen));
  const steps = [{ name: '名单与它的指纹', agrees: hash === published.candidates_hash && canonical(frozen) === published.frozen && frozen.draw_no === published.draw_no }];
  const drawn = published.seed !== '';
  let results = [];
  if (drawn) {
    const server = bytesOfHex(published.server_seed);
    steps.push({ name: '平台种子与事先的承诺', agrees: server.length === 32 && (await sha256(server)) === frozen.server_commit });
    const beacon = bytesOfHex(published.beacon);
    const seed = await sha256(joined(server, bytesOf(published.witness_seed), beacon, bytesOfHex(hash)));
    const hasBeacon = frozen.conditions.beacon_round !== '';
    steps.push({ name: '合成种子', agrees: seed === published.seed && beacon.length === (hasBeacon ? 32 : 0) });
    results = await resultsOf(seed, frozen);
    const told = published.results.map(({ slot, place, expert_no, outcome }) => ({ slot, place, expert_no, outcome }));
    steps.push({ name: '抽取的次序与结果', agrees: canonical(told) === canonical(results) });
  }
  return { steps, drawn, frozen, results, agrees: steps.every((step) => step.agrees) };
}

// ---- the page

const outcomes = { DRAWN: '抽中', ALTERNATE: '备选', ELSEWHERE: '已在前面的项抽中' };

function make(name, text, className) {
  const element = document.createElement(name);
  if (text !== undefined) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function facts(pairs) {
  const list = make('dl', undefined, 'facts');
  for (const [name, value] of pairs.filter(([, one]) => one)) {
    const pair = make('div');
    pair.append(make('dt', name), make('dd', value, /^[0-9a-f]{64}$/.test(value) ? 'digits' : ''));
    list.append(pair);
  }
  return list;
}

function verdictOf({ agrees, drawn }) {
  if (!agrees) return '核验不一致：这份数据被改动过，或不是平台公布的数据。';
  return drawn ? '核验一致：结果确由这份名单和种子得出。请再核对名单指纹与抽取前公布或打印的相同。' : '名单与指纹一致，还没有抽取。请记下名单指纹，抽取后再来核验。';
}

function slotList(slot, results) {
  const own = results.filter((one) => one.slot === slot);
  const part = make('div');
  const list = make('ol', undefined, 'order');
  for (const one of own) list.append(make('li', `${one.place}. ${one.expert_no} ${outcomes[one.outcome]}`, one.outcome === 'DRAWN' ? 'drawn' : ''));
  part.append(make('h3', `第${slot}项`), list);
  return part;
}

function show(published, checked) {
  const { conditions } = checked.frozen;
  const sheet = make('div', undefined, 'sheet');
  const steps = make('ul', undefined, 'steps-checked');
  for (const step of checked.steps) steps.append(make('li', `${step.agrees ? '✓' : '✗'} ${step.name}${step.agrees ? '一致' : '不一致'}`, step.agrees ? 'good' : 'bad'));
  sheet.append(make('p', verdictOf(checked), checked.agrees ? 'verdict good' : 'verdict bad'), steps, facts([
    ['抽取编号', published.draw_no], ['项目', conditions.project_name], ['建设单位', conditions.owner_unit_name], ['评审时间', conditions.review_at],
    ['候选专家', `${checked.frozen.candidates.length}人，回避${checked.frozen.exclusions.length}人`], ['名单指纹', published.candidates_hash],
    ['平台承诺', checked.frozen.server_commit], ['监督数字', published.witness_seed], ['公共随机数', published.beacon], ['合成种子', published.seed],
    ['状态', published.state === 'CANCELLED' ? '抽取前已取消' : ''],
  ]));
  if (checked.agrees) for (const place of conditions.rows.keys()) if (checked.drawn) sheet.append(slotList(place + 1, checked.results));
  const save = make('a', '保存数据文件');
  save.href = URL.createObjectURL(new Blob([JSON.stringify(published)], { type: 'application/json' }));
  save.download = `${published.draw_no}.json`;
  sheet.append(save);
  return sheet;
}

async function answerTo(get) {
  try {
    const published = await get();
    if (!globalThis.crypto?.subtle) return make('p', '您的浏览器只在加密连接（https）下才能核验，请换用https网址。', 'verdict bad');
    return show(published, await checkDraw(published));
  } catch (error) {
    return make('p', error.words ?? '这不是抽取数据，或者数据被改动得无法读取：核验不一致。', 'verdict bad');
  }
}

async function fetchPublished(number) {
  const answer = await fetch(`/api/v1/draws/${encodeURIComponent(number)}`, { headers: { Accept: 'application/json' } })
    .catch(() => { throw Object.assign(new Error(), { words: '网络连接不上，请检查网络后重试。' }); });
  const body = await answer.json().catch(() => ({}));
  if (!answer.ok) throw Object.assign(new Error(), { words: body.detail ?? '暂时无法读取，请稍后再试。' });
  return body;
}

function start() {
  const place = document.querySelector('#draw-result');
  const number = document.querySelector('#draw-no');
  const ask = async (get) => {
    place.replaceChildren(make('p', '正在核验…', 'quiet'));
    place.replaceChildren(await answerTo(get));
  };
  document.querySelector('#draw-form').addEventListener('submit', (event) => {
    event.preventDefault();
    history.replaceState(null, '', `?no=${encodeURIComponent(number.value.trim())}`);
    ask(() => fetchPublished(number.value.trim()));
  });
  document.querySelector('#draw-file').addEventListener('change', (event) => {
    const [file] = event.target.files;
    if (file) ask(async () => JSON.parse(await file.text()));
  });
  number.value = new URLSearchParams(location.search).get('no') ?? '';
  if (number.value) ask(() => fetchPublished(number.value));
}

if (document.querySelector('#draw-check')) start();
