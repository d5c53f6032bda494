/* Tables for a spreadsheet, as xlsx (ECMA-376), with Excel and WPS in mind. No cell has a formula, whatever its text begins with: text
   is written as text, so that a receipt's number keeps its zeros, too, and amounts are numbers that add up. A table is packed while it is
   read: what is kept of 50,000 rows is what the file has. The packer comes with the first table. */
import type { Zip as Packer } from 'fflate';

/* Text, a count, or an amount in fen. */
export type Cell = string | number | bigint;

type Rows = Cell[][];

const NARROWEST = 6, WIDEST = 40; /* characters; Chinese ones count twice */
const TEXT = 1, AMOUNT = 2; /* of cellXfs */

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const MAIN = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const RELATIONS = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const PACKAGE = 'http://schemas.openxmlformats.org/package/2006';
const TYPE = 'application/vnd.openxmlformats-officedocument.spreadsheetml';

/* What XML cannot hold is written as Excel writes it (_x000D_), and so is what only looks like that. */
function escaped(text: string): string {
  return text.replace(/_(?=x[\da-f]{4}_)/gi, '_x005F_')
    .replace(/[\x00-\x08\x0b-\x1f\ufffe\uffff]/g, (letter) => `_x${letter.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}_`)
    .replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

/* 0 is A, 26 is AA. */
function letters(place: number): string {
  return (place < 26 ? '' : letters(Math.floor(place / 26) - 1)) + String.fromCharCode(65 + place % 26);
}

function decimal(fen: bigint): string {
  const digits = String(fen < 0n ? -fen : fen).padStart(3, '0');
  return `${fen < 0n ? '-' : ''}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

function cellXml(cell: Cell, name: string): string {
  if (typeof cell === 'bigint') return `<c r="${name}" s="${AMOUNT}"><v>${decimal(cell)}</v></c>`;
  if (typeof cell === 'number') return `<c r="${name}"><v>${cell}</v></c>`;
  return cell === '' ? '' : `<c r="${name}" s="${TEXT}" t="inlineStr"><is><t xml:space="preserve">${escaped(cell)}</t></is></c>`;
}

function rowXml(cells: Cell[], row: number): string {
  return `<row r="${row}">${cells.map((cell, place) => cellXml(cell, `${letters(place)}${row}`)).join('')}</row>`;
}

function width(cell: Cell): number {
  return typeof cell === 'string' ? cell.replace(/[^\x20-\x7e]/g, '  ').length : String(cell).length + 3;
}

function columnsXml(rows: Rows): string {
  const found: number[] = [];
  for (const cells of rows) cells.forEach((cell, place) => { found[place] = Math.min(WIDEST, Math.max(found[place] ?? NARROWEST, width(cell) + 1)); });
  return `<cols>${found.map((wide, place) => `<col min="${place + 1}" max="${place + 1}" width="${wide}" customWidth="1"/>`).join('')}</cols>`;
}

/* Columns are as wide as the first rows want them. */
async function* sheetXml(parts: Iterable<Rows> | AsyncIterable<Rows>): AsyncGenerator<string> {
  let count = 0;
  yield `${HEAD}<worksheet xmlns="${MAIN}">`;
  for await (const rows of parts) {
    if (count === 0) yield `${columnsXml(rows)}<sheetData>`;
    yield rows.map((cells) => rowXml(cells, ++count)).join('');
  }
  yield '</sheetData></worksheet>';
}

const around = (title: string): Record<string, string> => ({
  '[Content_Types].xml': `${HEAD}<Types xmlns="${PACKAGE}/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>`
    + `<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/>`
    + `<Override PartName="/xl/styles.xml" ContentType="${TYPE}.styles+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPE}.worksheet+xml"/></Types>`,
  '_rels/.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>`,
  'xl/workbook.xml': `${HEAD}<workbook xmlns="${MAIN}" xmlns:r="${RELATIONS}"><sheets><sheet name="${escaped(title.slice(0, 31))}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
  'xl/_rels/workbook.xml.rels': `${HEAD}<Relationships xmlns="${PACKAGE}/relationships"><Relationship Id="rId1" Type="${RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/>`
    + `<Relationship Id="rId2" Type="${RELATIONS}/styles" Target="styles.xml"/></Relationships>`,
  'xl/styles.xml': `${HEAD}<styleSheet xmlns="${MAIN}"><fonts count="1"><font><sz val="11"/><name val="宋体"/></font></fonts>`
    + '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    + '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders><cellStyleXfs count="1"><xf/></cellStyleXfs>'
    + '<cellXfs count="3"><xf xfId="0"/><xf xfId="0" numFmtId="49" applyNumberFormat="1"/><xf xfId="0" numFmtId="4" applyNumberFormat="1"/></cellXfs></styleSheet>',
});

function give(name: string, pieces: Uint8Array<ArrayBuffer>[]): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(pieces, { type: `${TYPE}.sheet` }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}

/* The browser saves it: the rows as they come, in parts of any length. Nothing is saved where they fail. */
export async function saveWorkbook(title: string, parts: Iterable<Rows> | AsyncIterable<Rows>): Promise<void> {
  const { Zip, ZipDeflate, strToU8 } = await import('fflate');
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  const packer: Packer = new Zip((error, piece) => {
    if (error) throw error;
    pieces.push(piece as Uint8Array<ArrayBuffer>);
  });
  const add = (name: string) => {
    const file = new ZipDeflate(name, { level: 3 });
    packer.add(file);
    return file;
  };
  for (const [name, text] of Object.entries(around(title))) add(name).push(strToU8(text), true);
  const sheet = add('xl/worksheets/sheet1.xml');
  for await (const text of sheetXml(parts)) sheet.push(strToU8(text));
  sheet.push(new Uint8Array(0), true);
  packer.end();
  give(`${title}.xlsx`, pieces);
}
