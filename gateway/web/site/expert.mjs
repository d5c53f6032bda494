/* 专家核验: where an expert stands now, for whoever has the letter of appointment in hand (D-7). */
import { html } from './html.mjs';
import { page } from './layout.mjs';

export function expert(site, assets) {
  return page({
    title: `专家核验 · ${site.association.platform_name}`,
    description: `核验${site.association.name}的专家聘书`,
    site,
    assets,
    script: assets.expert,
    content: html`<article class="wide document verify">
<h1>专家核验</h1>
<p>输入聘书上的专家编号和校验码，查看持有人现在是否为${site.association.name}的专家。扫描聘书上的二维码也会打开本页。姓名只显示第一个字，请与聘书和身份证对照。</p>
<form id="check"><label for="no">专家编号</label>
<p class="ask"><input id="no" name="no" maxlength="20" autocomplete="off" placeholder="例如：ZJ-10001" required></p>
<label for="code">校验码</label>
<p class="ask"><input id="code" name="code" maxlength="20" autocomplete="off" placeholder="聘书左下角的10位" required><button class="button" type="submit">核验</button></p></form>
<div id="answer" role="status" hidden></div>
<noscript><p>浏览器关闭了脚本，无法在线核验。请致电${site.association.telephone}。</p></noscript>
</article>`,
  });
}
