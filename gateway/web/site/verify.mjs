/* W7 会员核验: where a member stands now, and whether a certificate's code was signed here. */
import { html } from './html.mjs';
import { page } from './layout.mjs';

export function verify(site, assets) {
  return page({
    title: `会员核验 · ${site.association.platform_name}`,
    description: `核验${site.association.name}的会员单位和会员证书`,
    site,
    assets,
    script: assets.verify,
    content: html`<article class="wide document verify" data-keys="@certificate-keys@">
<h1>会员核验</h1>
<p>输入单位全称、统一社会信用代码或会员编号，查看该单位现在是否为${site.association.name}会员。扫描会员证书上的二维码也会打开本页，并核验证书的数字签名。</p>
<form id="check" role="search"><label for="q">单位名称、信用代码或会员编号</label>
<p class="ask"><input id="q" name="q" type="search" maxlength="100" autocomplete="off" required><button class="button" type="submit">核验</button></p></form>
<div id="signature" role="status" hidden></div>
<div id="answer" role="status" hidden></div>
<noscript><p>浏览器关闭了脚本，无法在线核验。请致电${site.association.telephone}。</p></noscript>
</article>`,
  });
}
