/* 用户协议 and 隐私政策, by version: a person's consent names the version that was read, so a text that was published
   is never edited; a new one gets a new version here and in deploy/association.json. */
import { html } from './html.mjs';
import { page } from './layout.mjs';

const terms = {
  '2026-11': ({ association }) => html`
<p>本协议由您与${association.name}（以下称“协会”）就使用${association.platform_name}（以下称“平台”）订立。注册即表示您已阅读并同意本协议。</p>
<h2>一、账号</h2>
<p>您以本人使用的手机号注册，一个手机号对应一个账号。请妥善保管密码和短信验证码；以您的账号进行的操作视为您本人的操作。发现账号被他人使用，请立即修改密码并致电${association.telephone}。</p>
<p>代表单位注册的，应取得单位授权。负责人变更时，请联系协会办理账号移交。</p>
<h2>二、身份认证</h2>
<p>您可以申请认证为建设单位、会员单位、专家或自然人。您应保证提交的资料真实、完整、有效，并有权提交。协会按规定审核，未通过的会说明原因，您可以修改后重新提交。资料变更后应及时修改，修改需重新审核，审核期间原认证仍有效。</p>
<p>提交虚假资料、冒用他人名义的，协会可以驳回申请或撤销认证。</p>
<h2>三、会费与票据</h2>
<p>会费标准以平台公布的为准。协会收到会费后开具会费票据。</p>
<h2>四、平台的使用</h2>
<p>请勿干扰平台运行、获取他人资料，或发布违法内容。因维护、升级或不可抗力，平台可能暂时无法使用，已提交的资料不受影响。</p>
<h2>五、变更与终止</h2>
<p>本协议变更时，平台会公布新版本；继续使用即表示同意。您可以联系协会注销账号。</p>
<h2>六、法律适用</h2>
<p>本协议适用中华人民共和国法律。发生争议的，双方协商解决；协商不成的，由协会所在地人民法院管辖。</p>`,
};

const privacy = {
  '2026-11': ({ association }) => html`
<p>${association.name}（以下称“协会”）是您在${association.platform_name}上个人信息的处理者。本政策说明我们收集什么、为什么、保存多久，以及您的权利。</p>
<h2>一、我们收集的信息</h2>
<ul>
<li>注册与登录：手机号、密码（只保存无法还原的散列值）、登录时间与网络地址。</li>
<li>单位认证：单位名称、联系人姓名、联系方式、统一社会信用代码、营业执照。</li>
<li>使用过程：您的申请、审核结果、收到的消息。</li>
</ul>
<p>不提供上述信息，将无法完成相应的注册或认证；首页等公开内容无需提供任何信息即可浏览。</p>
<h2>二、使用目的</h2>
<p>用于建立账号、核实身份、通知办理进度、保障账号安全，以及履行法律规定的义务。不用于其他目的，不用于营销，不做自动化决策。</p>
<h2>三、保存与保护</h2>
<p>信息保存在中华人民共和国境内。上传的文件逐份加密保存，图片中的拍摄位置等附带信息在上传时即被去除。只有负责审核的工作人员可以查看，每次查看均有记录。</p>
<p>账号存续期间保存您的信息；注销后删除或匿名化，法律规定须保存更久的除外。</p>
<h2>四、提供给他人</h2>
<p>短信由通信服务商发送，我们只向其提供手机号和短信内容。除法律要求外，不向其他方提供您的信息。</p>
<h2>五、Cookie</h2>
<p>平台只使用维持登录所必需的Cookie，不使用第三方统计或广告。</p>
<h2>六、您的权利</h2>
<p>您可以查阅、更正、复制、删除您的信息，撤回同意，或注销账号。在个人中心可以直接修改的请直接修改；其余请联系我们，我们在十五个工作日内答复。</p>
<h2>七、联系我们</h2>
<p>电话${association.telephone}，邮件${association.email}，地址${association.address}。</p>`,
};

function documentPage(title, version, text, site, assets) {
  return page({
    title: `${title} · ${site.association.platform_name}`,
    description: `${site.association.platform_name}${title}，版本${version}`,
    site,
    assets,
    content: html`<article class="wide document"><h1>${title}</h1>
<p class="quiet small">版本 ${version}</p>${text(site)}</article>`,
  });
}

/* [[path, page], …]: every version under its own address, the one in force under the plain one too. */
export function documents(site, assets) {
  return [
    ['terms', '用户协议', terms, site.documents.terms_version],
    ['privacy', '隐私政策', privacy, site.documents.privacy_version],
  ].flatMap(([path, title, versions, current]) => {
    if (!versions[current]) throw new Error(`site/documents.mjs has no ${path} of version ${current}`);
    const pages = Object.entries(versions).map(([version, text]) => [
      `${path}/${version}.html`,
      documentPage(title, version, text, site, assets),
    ]);
    return [[`${path}.html`, documentPage(title, current, versions[current], site, assets)], ...pages];
  });
}

export function notFound(site, assets) {
  return page({
    title: `没有这个页面 · ${site.association.platform_name}`,
    description: '没有这个页面',
    site,
    assets,
    content: html`<section class="wide document"><h1>没有这个页面</h1>
<p>网址可能抄错了，或者内容已经移走。</p>
<p class="row"><a class="button" href="/">返回首页</a></p></section>`,
  });
}
