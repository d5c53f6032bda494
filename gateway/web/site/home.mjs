/* The home page: who we are, how to join (the handbook's five steps), what it costs, where to pay, whom to ask. */
import qrcode from 'qrcode-generator';
import { asIs, html } from './html.mjs';
import { page } from './layout.mjs';

const identities = [
  { kind: 'OWNER_UNIT', name: '建设单位', text: '项目承接合作建设单位' },
  { kind: 'MEMBER_UNIT', name: '会员单位', text: '协会单位会员 · 缴费开通 · 票据' },
  { kind: 'EXPERT', name: '专家', text: '进入专家库 · 参加评审' },
  { kind: 'NATURAL_PERSON', name: '自然人', text: '个人注册 · 执业信息登记' },
];

function steps({ association, bank }) {
  return [
    { title: '添加协会微信', text: html`搜索微信号 <b class="digits">${association.mobile}</b>（与手机号相同），注明单位名称。` },
    {
      title: '填写《入会申请表》',
      text: html`<a href="/app/papers/ENTRY">在线填写《入会申请表》</a>并打印，与营业执照复印件加盖公章，扫描后在平台上传，或发送至协会官方微信。习惯手写的可打印<a href="/api/v1/blank-forms/ENTRY">空白表格</a>。`,
    },
    {
      title: '缴纳会费',
      text: html`按<a href="#fees">会费标准</a>转账至<a href="#account">协会账户</a>或扫描收款码。协会收到会费后开具${bank.receipt_name}，即正式成为协会会员。`,
    },
    {
      title: '填写账号负责人说明',
      text: html`<a href="/app/papers/HOLDER">填写《企业协会账号负责人说明》</a>，写明负责人的姓名、性别、职务和电话，由单位盖章，确认由其负责本单位的平台账号、对接协会各项工作。也可打印<a href="/api/v1/blank-forms/HOLDER">空白说明</a>。`,
    },
    {
      title: '注册协会数字化平台',
      text: html`<a href="/app/register">用手机号注册</a>，在个人中心选择身份完成认证，随时查看审核进度。`,
    },
  ];
}

/* 会长单位 and 副会长单位 pay the same: one line for each amount. */
function feeLines(fees) {
  const lines = new Map();
  for (const fee of [...fees].sort((a, b) => a.place - b.place)) {
    const line = lines.get(fee.amount_fen) ?? { posts: [], amount_fen: fee.amount_fen };
    line.posts.push(fee.association_post_name.replace(/单位$/, ''));
    lines.set(fee.amount_fen, line);
  }
  return [...lines.values()].map(({ posts, amount_fen }) => ({ who: `${posts.join('及')}单位`, yuan: amount_fen / 100 }));
}

function copied(label, value, isDigits) {
  return html`<div><dt>${label}</dt><dd><span class="${isDigits ? 'digits' : 'words'}">${value}</span><button type="button" data-copy="${value}" hidden>复制</button></dd></div>
`;
}

function accountBlock({ association, bank }) {
  return html`<dl class="copies">
${copied('名称', bank.account_name)}${copied('纳税识别号', association.tax_id, true)}${copied('开户行', bank.bank_name)}${copied('开户行行号', bank.bank_line, true)}${copied('账号', bank.account_no, true)}${copied('地址', association.address)}${copied('电话', association.telephone, true)}</dl>`;
}

function qrOf(address) {
  const code = qrcode(0, 'M');
  code.addData(address);
  code.make();
  return asIs(code.createSvgTag({ scalable: true, margin: 0, alt: { text: `用手机扫一扫，打开${address}` } }));
}

export function home(site, assets) {
  const { association, bank } = site;
  const content = html`<section class="hero"><div class="wide">
<div>
<h1>${association.name}<span>数字化平台</span></h1>
<p class="lead">入会、认证、缴费、票据，一个手机号全部办理。每一步进度都有短信和站内消息告知。</p>
<p class="row"><a class="button large" href="/app/register">注册并认证</a><a class="button large plain" href="/app/">进入个人中心</a></p>
</div>
<figure class="qr">${qrOf(`https://${association.website}/`)}<figcaption class="small">手机扫码办理</figcaption></figure>
</div></section>

<section class="wide block" aria-labelledby="identities-title">
<h2 id="identities-title">四种身份，按需认证</h2>
<ul class="identities">
${identities.map((one) => html`<li class="sheet"><h3>${one.name}</h3><p class="quiet">${one.text}</p><a href="/app/identities/${one.kind}">立即认证+</a></li>
`)}</ul>
</section>

<section class="wide block" id="join" aria-labelledby="join-title">
<h2 id="join-title">入会指南</h2>
<ol class="steps">
${steps(site).map((step) => html`<li><h3>${step.title}</h3><p>${step.text}</p></li>
`)}</ol>
</section>

<section class="wide block" id="fees" aria-labelledby="fees-title">
<h2 id="fees-title">会费标准</h2>
<table>
<thead><tr><th scope="col">会员级别</th><th scope="col">会费（每年）</th></tr></thead>
<tbody>
${feeLines(site.fees).map((line) => html`<tr><th scope="row">${line.who}</th><td><span class="digits">${line.yuan}</span> 元</td></tr>
`)}</tbody>
</table>
</section>

<section class="wide block" id="account" aria-labelledby="account-title">
<h2 id="account-title">缴费账户</h2>
<div class="ways">
<div class="sheet"><h3>公户转账</h3>
${accountBlock(site)}</div>
<div class="sheet"><h3>收款码缴纳</h3>
<p>支持工银e生活、银联、微信支付、支付宝。</p>
<dl class="copies">
<div><dt>商户名称</dt><dd><span class="words">${bank.account_name}</span></dd></div>
${copied('商户编号', bank.collection_merchant, true)}</dl>
<img data-picture src="/api/v1/collection-code" alt="协会收款码" width="220" height="220" hidden>
<p class="quiet small"><span data-no-picture>收款码图片请向协会微信（${association.mobile}）索取；</span>付款前请核对商户名称和编号。</p></div>
</div>
<p class="quiet">缴费后请保留支付凭证。协会收到会费后，将开具${bank.receipt_name}。</p>
</section>

<section class="wide block" id="contact" aria-labelledby="contact-title">
<h2 id="contact-title">联系我们</h2>
<dl class="contact sheet">
<div><dt>电话</dt><dd><a class="digits" href="tel:${association.telephone}">${association.telephone}</a> / <a class="digits" href="tel:${association.mobile}">${association.mobile}</a>（微信同号）</dd></div>
<div><dt>邮件</dt><dd><a href="mailto:${association.email}">${association.email}</a></dd></div>
<div><dt>地址</dt><dd>${association.address}</dd></div>
</dl>
</section>`;
  return page({
    title: association.platform_name,
    description: `${association.name}：入会指南、会费标准、缴费账户，在线注册和身份认证。电话${association.telephone}。`,
    site,
    assets,
    content,
  });
}
