/* Tables for a spreadsheet. */

/* RFC 4180. What a spreadsheet would take for a formula stays text, by its first letter: also the wide ones, which a Chinese Excel
   takes alike. A number below zero is none. */
function cell(value: string): string {
  const safe = /^[=+\-@＝＋－＠\t\r\n]/.test(value) && !/^-\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/* The browser saves it; the mark before the text tells Excel that it is UTF-8. */
export function saveCsv(name: string, rows: string[][]): void {
  const text = rows.map((cells) => cells.map(cell).join(',')).join('\r\n');
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob(['\ufeff', text, '\r\n'], { type: 'text/csv;charset=utf-8' }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
