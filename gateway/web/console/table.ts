/* A list as a table of a workbook, as it is filtered, to its last page. */
import { saveWorkbook, type Cell } from './workbook';

export interface Table<Item> {
  title: string;
  columns: readonly (readonly [title: string, cellOf: (item: Item) => Cell])[];
  read: (cursor: string, signal: AbortSignal) => Promise<{ items: Item[]; next_cursor: string }>;
}

/* Those columns, in the table's order; `told` hears how many rows there are. */
export async function saveTable<Item>(table: Table<Item>, titles: readonly string[], signal: AbortSignal, told: (count: number) => void): Promise<void> {
  const columns = table.columns.filter(([title]) => titles.includes(title));

  async function* pages(): AsyncGenerator<Cell[][]> {
    let cursor = '', count = 0;
    do {
      const page = await table.read(cursor, signal);
      const rows = page.items.map((item) => columns.map(([, cellOf]) => cellOf(item)));
      told(count += rows.length);
      yield cursor === '' ? [columns.map(([title]) => title), ...rows] : rows;
      cursor = page.next_cursor;
    } while (cursor !== '');
  }

  await saveWorkbook(table.title, pages());
}
