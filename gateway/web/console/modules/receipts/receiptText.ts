/* What a receipt's file says, by its text layer, and whose it is: 财政电子票据 print their fields with these words. Read in the
   browser; the reader of PDF comes with the first file. */
import type { Receipt } from '@shared/dues';

const ZIP_MAX = 200 * 1024 * 1024;
const FILE_MAX = 10 * 1024 * 1024; // as the platform takes them
const FILES_MAX = 500;
const WHOLE_MAX = 400 * 1024 * 1024;

export interface ReceiptFacts {
  receipt_no: string;
  receipt_code: string;
  check_code: string;
  issued_on: string;
}

/* Blanks, kinds of brackets and of width do not count. */
function plain(text: string): string {
  return text.normalize('NFKC').replace(/\s+/g, '');
}

function after(text: string, label: RegExp, value: string): string {
  return new RegExp(`${label.source}:?(${value})`).exec(text)?.[1] ?? '';
}

/* The only number of so many digits; forms that print all labels before all values leave no other way. */
function only(text: string, digits: number): string {
  const found = [...text.matchAll(new RegExp(`(?<![0-9A-Za-z.])\\d{${digits}}(?![0-9A-Za-z.])`, 'g'))].map(([number]) => number);
  return new Set(found).size === 1 ? (found[0] ?? '') : '';
}

/* A number has ten digits, a code eight. */
export function factsOf(text: string): ReceiptFacts {
  const all = plain(text);
  const day = /开票日期:?(\d{4})[-/.年]?(\d{1,2})[-/.月]?(\d{1,2})/.exec(all);
  return {
    receipt_no: after(all, /票据号码/, '\\d{6,20}') || only(text, 10),
    receipt_code: after(all, /票据代码/, '\\d{6,20}?(?=票据号码|校验码|开票|交款|\\D|$)') || only(text, 8),
    check_code: after(all, /校验码/, '[0-9A-Za-z]{4,20}?(?=票据|开票|交款|[^0-9A-Za-z]|$)'),
    issued_on: day ? `${day[1]}-${day[2]?.padStart(2, '0')}-${day[3]?.padStart(2, '0')}` : '',
  };
}

/* The amount as people and systems write it: 2000.00, 2,000.00; not as a part of 12000.00. */
function hasAmount(text: string, fen: string): boolean {
  const value = BigInt(fen);
  const digits = `${value / 100n}`.replace(/\B(?=(\d{3})+$)/g, ',?');
  return new RegExp(`(?<![\\d,.])${digits}\\.${String(value % 100n).padStart(2, '0')}(?!\\d)`).test(text);
}

/* Those that the text may be for: the payer's name or credit code, and the amount. */
export function candidates(text: string, waiting: Receipt[]): Receipt[] {
  const all = plain(text);
  return waiting.filter(({ info, amount_fen }) => info && hasAmount(all, amount_fen)
    && (all.includes(plain(info.receipt_title)) || (info.receipt_tax_id !== '' && all.includes(info.receipt_tax_id))));
}

/* An OFD is a ZIP; its words stand in the TextCode elements of its pages (GB/T 33190, 11.3). */
async function ofdText(file: File): Promise<string> {
  const { unzip } = await import('fflate');
  const bytes = new Uint8Array(await file.arrayBuffer());
  const pages = await new Promise<Record<string, Uint8Array>>((resolve) => {
    unzip(bytes, { filter: ({ name, originalSize }) => /(^|\/)(Content|Annotation)\w*\.xml$/i.test(name) && originalSize <= FILE_MAX }, (error, data) => resolve(error ? {} : data));
  });
  const words = Object.values(pages).flatMap((page) => [...new DOMParser().parseFromString(new TextDecoder().decode(page), 'text/xml').getElementsByTagNameNS('*', 'TextCode')]);
  return words.map((word) => word.textContent ?? '').join(' ');
}

/* '' where there is none: a picture, or a file that cannot be read. */
export async function textOf(file: File): Promise<string> {
  if (/\.ofd$/i.test(file.name)) return ofdText(file);
  if (!/\.pdf$/i.test(file.name)) return '';
  const { extractText, getDocumentProxy } = await import('unpdf');
  try {
    const document = await getDocumentProxy(new Uint8Array(await file.arrayBuffer()), { isEvalSupported: false });
    const { text } = await extractText(document, { mergePages: true });
    await document.destroy();
    return text;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return '';
  }
}

/* ---- the files that were chosen, those in archives too */

const types: Record<string, string> = { pdf: 'application/pdf', ofd: 'application/ofd', jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };
const typeOf = (name: string) => types[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ''];
/* What the systems of archives leave beside the files, which nobody put there. */
const isHidden = (name: string) => name.endsWith('/') || /(^|\/)([._]|__MACOSX\/)/.test(name);

/* One that is not read, and why. */
export interface Leftover {
  name: string;
  why: string;
}

async function unpacked(file: File): Promise<{ files: File[]; leftovers: Leftover[] }> {
  const leftovers: Leftover[] = [];
  const leave = (name: string, why: string) => leftovers.push({ name: `${file.name}：${name}`, why });
  if (file.size > ZIP_MAX) return { files: [], leftovers: [{ name: file.name, why: '压缩包超过200MB，请分成几个上传' }] };
  const { unzip } = await import('fflate');
  const bytes = new Uint8Array(await file.arrayBuffer());
  let count = 0;
  let whole = 0;
  const takes = ({ name, originalSize }: { name: string; originalSize: number }): boolean => {
    if (isHidden(name)) return false;
    if (/\.zip$/i.test(name)) leave(name, '压缩包里的压缩包，请先解压');
    else if (typeOf(name) === undefined) leave(name, '不是PDF、OFD或图片');
    else if (originalSize > FILE_MAX) leave(name, '文件超过10MB');
    else if (originalSize === 0) leave(name, '文件是空的');
    else if (++count > FILES_MAX || (whole += originalSize) > WHOLE_MAX) leave(name, `一次最多${FILES_MAX}个文件，请分批上传`);
    else return true;
    return false;
  };
  return new Promise((resolve) => {
    unzip(bytes, { filter: takes }, (error, data) => {
      if (error) resolve({ files: [], leftovers: [{ name: file.name, why: '压缩包打不开，可能已损坏或加了密码' }] });
      else resolve({ files: Object.entries(data).map(([name, content]) => new File([content as BlobPart], name.replace(/.*\//, ''), { type: typeOf(name) ?? '' })), leftovers });
    });
  });
}

/* Receipts among the files that were chosen; what is none, or cannot be read, is told with its reason. */
export async function receiptFiles(chosen: File[]): Promise<{ files: File[]; leftovers: Leftover[] }> {
  const files: File[] = [];
  const leftovers: Leftover[] = [];
  for (const file of chosen) {
    if (/\.zip$/i.test(file.name)) {
      const found = await unpacked(file);
      files.push(...found.files);
      leftovers.push(...found.leftovers);
    } else if (typeOf(file.name) === undefined) leftovers.push({ name: file.name, why: '不是PDF、OFD、图片或ZIP压缩包' });
    else if (file.size > FILE_MAX) leftovers.push({ name: file.name, why: '文件超过10MB' });
    else if (file.size === 0) leftovers.push({ name: file.name, why: '文件是空的' });
    else files.push(file);
  }
  return { files, leftovers };
}
