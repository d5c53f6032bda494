/* What all public pages have around their content. */
import { html } from './html.mjs';

export const mark = html`<svg class="mark" viewBox="0 0 40 40" aria-hidden="true" focusable="false"><path d="M20 4a16 16 0 1 0 16 16" fill="none" stroke="currentColor" stroke-width="3.5" stroke-linecap="round"/><path d="M13 28V18l7-4.5V28M20 18l7 3v7" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linejoin="round"/><circle cx="31.5" cy="8.5" r="3.5" class="dot"/></svg>`;

function records({ icp_record, police_record }) {
  return [
    icp_record && html`<a href="https://beian.miit.gov.cn/" rel="noopener">${icp_record}</a>`,
    police_record && html`<span>${police_record}</span>`,
  ];
}

/* `script`: the address of the page's own module, where it has one. */
export function page({ title, description, site, assets, content, script }) {
  const { name, platform_name, telephone, address } = site.association;
  return html`<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<meta name="description" content="${description}">
<meta name="theme-color" content="#143863">
<meta name="format-detection" content="telephone=no">
<link rel="icon" href="/favicon.svg" type="image/svg+xml">
<link rel="stylesheet" href="${assets.css}">
<script src="${assets.js}" defer></script>
${script && html`<script src="${script}" type="module"></script>
`}</head>
<body>
<a class="skip-link" href="#content">跳到正文</a>
<header class="top">
<a class="brand" href="/">${mark}<span><strong>${name}</strong><span class="small platform">数字化平台</span></span></a>
<nav class="sections" aria-label="网站栏目"><a href="/#join">入会指南</a><a href="/#fees">会费标准</a><a href="/#account">缴费账户</a><a href="/#contact">联系我们</a></nav>
<nav class="entrance" aria-label="登录与注册"><a href="/app/login">登录</a><a class="button" href="/app/register">注册</a></nav>
</header>
<main id="content">
${content}
</main>
<footer>
<div class="wide">
<p><strong>${platform_name}</strong></p>
<p>${address}</p>
<p>电话 <a href="tel:${telephone}">${telephone}</a></p>
<p class="row small"><a href="/verify">会员核验</a><a href="/expert">专家核验</a><a href="/draws">抽取核验</a><a href="/terms">用户协议</a><a href="/privacy">隐私政策</a><a href="/console/">工作人员登录</a>${records(site.association)}</p>
</div>
</footer>
</body>
</html>
`;
}
