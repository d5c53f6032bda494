/* What a receipt's file says, by its text layer, and whose it is: 财政电子票据 print their fields with these words. Read in the
   browser; the reader of PDF comes with the first file. */
import type { Receipt } from '@shared/dues';

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

/* '' where there is none: a picture, or a file that cannot be read. */
export async function textOf(file: File): Promise<string> {
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

const ZIP_MAX = 200 * 1024 * 1024;
const FILE_MAX = 20 * 1024 * 1024;
const types: Record<string, string> = { pdf: 'application/pdf', jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', webp: 'image/webp' };
const typeOf = (name: string) => types[/\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? ''];

async function unpacked(file: File): Promise<File[]> {
  const { unzip } = await import('fflate');
  const bytes = new Uint8Array(await file.arrayBuffer());
  const found = await new Promise<Record<string, Uint8Array>>((resolve) => {
    unzip(bytes, { filter: ({ name, originalSize }) => typeOf(name) !== undefined && !/(^|\/)[._]/.test(name) && originalSize <= FILE_MAX },
      (error, data) => resolve(error ? {} : data));
  });
  return Object.entries(found).map(([name, data]) => new File([data as BlobPart], name.replace(/.*\//, ''), { type: typeOf(name) ?? '' }));
}

/* Receipts among the files that were chosen, those in archives too; `skipped`: what is none. */
export async function receiptFiles(chosen: File[]): Promise<{ files: File[]; skipped: string[] }> {
  const files: File[] = [];
  const skipped: string[] = [];
  for (const file of chosen) {
    if (typeOf(file.name)) files.push(file);
    else if (/\.zip$/i.test(file.name) && file.size <= ZIP_MAX) files.push(...(await unpacked(file)));
    else skipped.push(file.name);
  }
  return { files, skipped };
}
