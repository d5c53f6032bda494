/* The server's field checks once more, for comfort while typing; the server decides. Each returns words, or ''. */

const spaces = /[\s-]/g;

export function normalPhone(text: string): string {
  return text.replace(spaces, '').replace(/^(\+|00)86/, '');
}

/* V1 */
export function checkMobile(text: string): string {
  return /^1[3-9]\d{9}$/.test(normalPhone(text)) ? '' : '请输入11位手机号，例如18003551778。';
}

/* V1 or V2 */
export function checkPhone(text: string): string {
  const compact = text.replace(/\s/g, '');
  const landline = /^0\d{2,3}-?\d{7,8}(-\d{1,6})?$/.test(compact) || /^[48]00-?\d{3}-?\d{4}$/.test(compact);
  return landline || checkMobile(text) === '' ? '' : '请输入手机号，或带区号的座机号，例如0355-3069919。';
}

const usccAlphabet = '0123456789ABCDEFGHJKLMNPQRTUWXY';
const usccWeights = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/* V5, GB 32100-2015: the 18th character checks the others. */
export function checkUscc(text: string): string {
  const code = text.replace(/\s/g, '').toUpperCase();
  if (code.length !== 18) return `统一社会信用代码应为18位，现在是${code.length}位。`;
  const values = [...code].map((character) => usccAlphabet.indexOf(character));
  if (values.includes(-1)) return '统一社会信用代码只含数字和大写字母，不含I、O、S、V、Z，请对照营业执照核对。';
  const sum = usccWeights.reduce((all, weight, place) => all + weight * (values[place] ?? 0), 0);
  return values[17] === (31 - (sum % 31)) % 31 ? '' : '统一社会信用代码有误，请对照营业执照逐位核对。';
}

/* V6, GB 11643-1999. */
export function checkIdNumber(text: string): string {
  const number = text.replace(/\s/g, '').toUpperCase();
  if (!/^\d{17}[\dX]$/.test(number)) return '请输入18位身份证号。';
  const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
  const sum = weights.reduce((all, weight, place) => all + weight * Number(number[place]), 0);
  return '10X98765432'[sum % 11] === number[17] ? '' : '身份证号有误，请逐位核对。';
}

/* V3; `least`: 8 for members, 15 for staff. Length counts, composition does not. */
export function checkNewPassword(text: string, least: number): string {
  return [...text].length >= least ? '' : `密码至少${least}个字符，可用一句好记的话。`;
}
