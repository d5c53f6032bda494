/* 评审邀请: where the link of an expert's SMS leads (N18). Short, since the address stands in one SMS: /i?token. */
import { html } from './html.mjs';
import { page } from './layout.mjs';

export function invitation(site, assets) {
  const { association } = site;
  return page({
    title: `评审邀请 · ${association.platform_name}`,
    description: `答复${association.name}的评审邀请`,
    site,
    assets,
    script: assets.invitation,
    content: html`<article class="wide document verify invitation">
<h1>评审邀请</h1>
<div id="answer" role="status"><p class="quiet">正在读取…</p></div>
<form id="reply" class="stack" novalidate hidden>
<div class="stack" id="why" hidden><label for="reason">不能参加的原因</label><textarea id="reason" rows="3" maxlength="200" placeholder="例如：当天出差在外" aria-describedby="problem"></textarea></div>
<p id="problem" class="bad" role="alert" hidden></p>
<div class="row"><button class="button large" type="button" id="yes">参加</button><button class="button large plain" type="button" id="no">不参加</button></div>
</form>
<noscript><p>浏览器关闭了脚本，无法在线答复。请<a href="/app/invitations">登录平台</a>答复，或致电${association.telephone}。</p></noscript>
</article>`,
  });
}
