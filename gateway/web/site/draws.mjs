/* 抽取核验: any draw, recomputed in the visitor's browser (draws.js). */
import { html } from './html.mjs';
import { page } from './layout.mjs';

export function draws(site, assets) {
  const { association } = site;
  const content = html`<section class="wide document draws" id="draw-check">
<h1>专家抽取核验</h1>
<p>输入抽取编号，您的浏览器会用公布的数据重新抽取一次，并告诉您结果是否一致。数据中只有专家编号，没有姓名等个人信息。</p>
<form class="ask" id="draw-form">
<label for="draw-no">抽取编号</label>
<div class="row"><input id="draw-no" name="no" maxlength="30" autocomplete="off" placeholder="例如：CQ202612010001" required><button class="button" type="submit">核验</button></div>
</form>
<p class="small"><label for="draw-file">也可以核验已保存的数据文件：</label> <input id="draw-file" type="file" accept=".json,application/json"></p>
<noscript><p>核验需要浏览器允许运行脚本。也可以按下面的方法自己计算。</p></noscript>
<div id="draw-result" aria-live="polite"></div>
<h2>怎样做到谁也不能左右结果</h2>
<ol class="how">
<li>抽取前，候选名单按编号排序、写成规范的JSON（RFC 8785）并公布指纹（SHA-256）；平台同时公布自己种子的指纹，此后名单和种子都不能再换。</li>
<li>监督人员当场说出一串数字，谁也无法事先知道。</li>
<li>合成种子 = SHA-256（平台种子 ‖ 监督数字 ‖ 公共随机数 ‖ 名单指纹）。监督数字为UTF-8文本，其余为字节；没有约定公共随机数的为空。</li>
<li>每位候选人的次序由 HMAC-SHA-256（合成种子，项号 ‖ 专家编号）从小到大排定，项号为从1开始的十进制数字。逐项抽取：前几位抽中，其余依次备选；已在前面的项抽中的不再抽。</li>
</ol>
<p>请把名单指纹与抽取前公布或打印的对照。如有疑问，请致电${association.telephone}。</p>
</section>`;
  return page({
    title: `专家抽取核验 · ${association.platform_name}`,
    description: `${association.name}专家抽取的公开核验：在浏览器中重新计算抽取结果。`,
    site,
    assets,
    content,
    script: assets.draws,
  });
}
