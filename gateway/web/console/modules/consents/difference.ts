/* What one text says otherwise than another, paragraph by paragraph. */
export interface Piece {
  text: string;
  mark: 'same' | 'gone' | 'new';
}

export const paragraphsOf = (body: string) => body.split(/\n+/).map((one) => one.trim()).filter(Boolean);

/* lengths[i][j]: how many paragraphs the texts have in common from there on. */
function common(before: string[], after: string[]): number[][] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Array<number>(after.length + 1).fill(0));
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      (lengths[i] as number[])[j] = before[i] === after[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  return lengths;
}

/* Characters, numbers whole. */
const wordsOf = (text: string): string[] => text.match(/\d+|./gsu) ?? [];

/* One paragraph that became another: what is equal at both ends stays. */
function within(before: string, after: string): Piece[] {
  const [one, other] = [wordsOf(before), wordsOf(after)];
  let head = 0;
  while (head < Math.min(one.length, other.length) && one[head] === other[head]) head++;
  let tail = 0;
  while (tail < Math.min(one.length, other.length) - head && one.at(-1 - tail) === other.at(-1 - tail)) tail++;
  const pieces: Piece[] = [
    { text: one.slice(0, head).join(''), mark: 'same' },
    { text: one.slice(head, one.length - tail).join(''), mark: 'gone' },
    { text: other.slice(head, other.length - tail).join(''), mark: 'new' },
    { text: one.slice(one.length - tail).join(''), mark: 'same' },
  ];
  return pieces.filter(({ text }) => text !== '');
}

export function difference(before: string[], after: string[]): Piece[][] {
  const lengths = common(before, after);
  const at = (i: number, j: number) => lengths[i]?.[j] ?? 0;
  const rows: Piece[][] = [];
  let gone: string[] = [];
  let fresh: string[] = [];
  const flush = () => {
    for (let k = 0; k < Math.max(gone.length, fresh.length); k++) rows.push(within(gone[k] ?? '', fresh[k] ?? ''));
    gone = [];
    fresh = [];
  };
  for (let i = 0, j = 0; i < before.length || j < after.length;) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      flush();
      rows.push([{ text: before[i++] as string, mark: 'same' }]);
      j++;
    } else if (j >= after.length || (i < before.length && at(i + 1, j) >= at(i, j + 1))) gone.push(before[i++] as string);
    else fresh.push(after[j++] as string);
  }
  flush();
  return rows;
}
