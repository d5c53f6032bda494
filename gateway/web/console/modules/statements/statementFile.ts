/* A statement as banks export it, as CSV in UTF-8: the one form that the platform takes. Office formats are read here, in the
   browser, so that none of their parsers runs in a service. The reader comes with the first such file. */
import { Problem } from '@shared/problem';

const FILE_MAX = 20 * 1024 * 1024;
const TEXT_MAX = 10 * 1024 * 1024; /* what ImportStatement takes */
const ROWS_MAX = 60_000;
const PARTS_MAX = 1000; // of an xlsx, which is a ZIP
const UNPACKED_MAX = 64 * 1024 * 1024;

type Reader = typeof import('@e965/xlsx');
type Sheet = import('@e965/xlsx').WorkSheet;
type Cell = import('@e965/xlsx').CellObject;

function starts(bytes: Uint8Array, ...signature: number[]): boolean {
  return signature.every((byte, at) => bytes[at] === byte);
}

/* The bank's computers write GB18030 more often than not, and never say so. */
export function decodeText(bytes: Uint8Array): string {
  if (starts(bytes, 0xff, 0xfe)) return new TextDecoder('utf-16le').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return new TextDecoder('gb18030').decode(bytes);
  }
}

function cellText(cell: Cell | undefined, { SSF }: Reader): string {
  if (cell?.v === undefined || cell.t === 'e') return '';
  if (cell.t !== 'n' || typeof cell.v !== 'number') return String(cell.v);
  if (cell.z !== undefined && SSF.is_date(String(cell.z))) return SSF.format(cell.v < 1 ? 'hh:mm:ss' : 'yyyy-mm-dd hh:mm:ss', cell.v);
  return Number.isInteger(cell.v) ? cell.v.toFixed(0) : String(Number(cell.v.toFixed(6)));
}

/* RFC 4180. */
function csvCell(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function csvOf(sheet: Sheet, reader: Reader): string {
  const range = reader.utils.decode_range(sheet['!ref'] ?? 'A1');
  const rows: string[] = [];
  for (let r = 0; r <= range.e.r; r++) {
    const cells: string[] = [];
    for (let c = 0; c <= Math.min(range.e.c, 63); c++)
      cells.push(csvCell(cellText(sheet[reader.utils.encode_cell({ r, c })] as Cell | undefined, reader)));
    rows.push(cells.join(','));
  }
  return rows.join('\n');
}

async function bookToCsv(data: Uint8Array | string, wanted: string): Promise<Omit<StatementFile, 'csv'> & { text: string }> {
  const reader = await import('@e965/xlsx');
  let sheets: [string, Sheet][];
  try {
    const book = reader.read(data, { type: typeof data === 'string' ? 'string' : 'array', cellNF: true, cellHTML: false, sheetRows: ROWS_MAX, raw: typeof data === 'string' });
    sheets = book.SheetNames.map((name) => [name, book.Sheets[name]] as const).filter((one): one is [string, Sheet] => one[1]?.['!ref'] !== undefined);
  } catch (error) {
    const locked = error instanceof Error && /password|encrypt/i.test(error.message);
    throw refusal(locked ? '文件加了密码，请在表格软件中取消密码后再上传。' : '文件打不开，可能已损坏。请从网上银行重新导出，或在表格软件中另存为CSV后上传。');
  }
  const [name, sheet] = sheets.find((one) => one[0] === wanted) ?? sheets[0] ?? [];
  if (name === undefined || sheet === undefined) throw refusal('文件是空的，请核对后重新导出。');
  if (sheet['!fullref'] !== undefined && sheet['!fullref'] !== sheet['!ref']) throw refusal(`文件超过${ROWS_MAX}行，不能只读一部分。请按月份分几次导出后上传。`);
  return { text: csvOf(sheet, reader), sheet: name, sheets: sheets.map((one) => one[0]) };
}

function refusal(words: string): Problem {
  return new Problem({ detail: words, errors: [{ field: 'file_name', message: words }] });
}

/* By what the ZIP says of itself, before any of it is unpacked. What is no ZIP the reader refuses. */
async function refuseBomb(bytes: Uint8Array): Promise<void> {
  const { unzipSync } = await import('fflate');
  let parts = 0;
  let unpacked = 0;
  const count = ({ originalSize }: { originalSize: number }): boolean => {
    parts += 1;
    unpacked += originalSize;
    return false;
  };
  try {
    unzipSync(bytes, { filter: count });
  } catch {
    return;
  }
  if (parts > PARTS_MAX || unpacked > UNPACKED_MAX) throw refusal('这个Excel文件解开后过大，不像银行流水。请从网上银行重新导出，或在表格软件中另存为CSV后上传。');
}

/* A workbook has sheets: the first that is not empty, or the one that is asked for, is read. */
export interface StatementFile {
  csv: Blob;
  sheet: string;
  sheets: string[];
}

/* Throws a Problem that says what to do. */
export async function statementCsv(file: File, wanted = ''): Promise<StatementFile> {
  if (file.size > FILE_MAX) throw refusal('文件超过20MB，请按月份分几次导出后上传。');
  const bytes = new Uint8Array(await file.arrayBuffer());
  let read = { text: '', sheet: '', sheets: [] as string[] };
  if (starts(bytes, 0x50, 0x4b) || starts(bytes, 0xd0, 0xcf, 0x11, 0xe0)) {
    if (starts(bytes, 0x50, 0x4b)) await refuseBomb(bytes);
    read = await bookToCsv(bytes, wanted);
  } else if (starts(bytes, 0x25, 0x50, 0x44, 0x46)) {
    throw refusal('PDF不能导入，请从网上银行导出Excel或CSV格式的明细。');
  } else {
    read.text = decodeText(bytes);
    const isTable = /^\s*</.test(read.text) || (read.text.includes('\t') && !read.text.slice(0, 4000).includes(','));
    if (isTable) read = await bookToCsv(read.text, wanted);
  }
  const csv = new Blob([read.text], { type: 'text/csv' });
  if (csv.size > TEXT_MAX) throw refusal('流水太多，请按月份分几次导出后上传。');
  return { csv, sheet: read.sheet, sheets: read.sheets };
}
