/* An option list whose items stand below each other, to be walked through and searched: two thousand specialties at every key
   that is pressed. */
import { type Item } from './forms';

export interface Tree {
  get: (code: string) => Item | undefined;
  below: (code: string) => Item[]; // '': the top
  path: (code: string) => string; // who stands above: 工程 > 设计
  find: (words: string) => Item[]; // the best first
  often: Item[]; // those that staff marked 常用
}

const trees = new WeakMap<Item[], Tree | undefined>(); // made once of each list that came

/* undefined: the list is flat. */
export function treeOf(items: Item[]): Tree | undefined {
  if (!trees.has(items)) trees.set(items, grow(items));
  return trees.get(items);
}

function grow(items: Item[]): Tree | undefined {
  const all = new Map(items.map((item) => [item.code, item]));
  if (!items.some((item) => all.has(item.parent))) return undefined;

  const children = new Map<string, Item[]>();
  for (const item of items) {
    const above = all.has(item.parent) ? item.parent : '';
    children.set(above, [...(children.get(above) ?? []), item]);
  }
  const own = (code: string) => children.get(code) ?? [];

  /* The standard repeats a heading that it does not divide, as its only part; that one is meant. */
  const meant = (item: Item): Item => {
    const [part, second] = own(item.code);
    return part && !second && part.name === item.name ? meant(part) : item;
  };
  const above = (item: Item): Item[] => {
    const parent = all.get(item.parent);
    return parent ? [...above(parent), parent] : [];
  };
  const path = (code: string) => {
    const item = all.get(code);
    return item ? above(item).map(({ name }) => name).filter((name) => name !== item.name).join(' > ') : '';
  };

  const searched = items.filter((item) => meant(item) === item).map((item) => ({ item, text: `${item.name} ${item.initials} ${item.code} ${path(item.code)}`.toLowerCase() }));
  const rank = ({ name, initials, code }: Item, words: string) => {
    const marks = [name === words, name.startsWith(words), initials === words, initials.startsWith(words), code.toLowerCase().startsWith(words), name.includes(words), initials.includes(words)];
    return marks.includes(true) ? marks.indexOf(true) : marks.length;
  };
  const find = (words: string) => {
    const asked = words.trim().toLowerCase();
    const parts = asked.split(/\s+/);
    return searched
      .filter(({ text }) => parts.every((part) => text.includes(part)))
      .map(({ item }) => ({ item, rank: rank(item, asked) }))
      .sort((one, other) => one.rank - other.rank || one.item.code.length - other.item.code.length || one.item.place - other.item.place)
      .map(({ item }) => item);
  };

  return {
    get: (code) => all.get(code),
    below: (code) => own(code).map(meant),
    path,
    find,
    often: items.filter((item) => item.note === '常用').map(meant),
  };
}

/* ---- what was chosen in this browser lately */

const KEPT = 6;

export function chosenLately(list: string): string[] {
  try {
    return JSON.parse(localStorage.getItem(`chosen.${list}`) ?? '[]') as string[];
  } catch {
    return []; // nothing is kept here, or not by this page
  }
}

export function keepChosen(list: string, codes: string[]): void {
  try {
    localStorage.setItem(`chosen.${list}`, JSON.stringify([...new Set([...codes, ...chosenLately(list)])].slice(0, KEPT)));
  } catch {
    /* a browser that keeps nothing: the list is as good without */
  }
}
