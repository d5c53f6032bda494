/* The days of the yearly notice (国务院办公厅关于部分节假日安排的通知), pasted as it is, or as lines "2026-02-14 班 春节". */
import type { Schema } from '@shared/api';

export type Day = Schema<'certification.CalendarDay'>;

const DAY_MS = 24 * 60 * 60 * 1000;
const MOST = 31; // days between two dates of one line

const pad = (value: number) => String(value).padStart(2, '0');

function dayOf(year: number, month: number, date: number): string | undefined {
  const day = new Date(Date.UTC(year, month - 1, date));
  return day.getUTCMonth() === month - 1 && day.getUTCDate() === date ? `${year}-${pad(month)}-${pad(date)}` : undefined;
}

function between(from: string, to: string): string[] {
  const first = Date.parse(from), count = (Date.parse(to) - first) / DAY_MS;
  if (count < 0 || count > MOST) return [];
  return Array.from({ length: count + 1 }, (_, place) => new Date(first + place * DAY_MS).toISOString().slice(0, 10));
}

/* Dates of one clause: 9月28日（星期日）、10月11日（星期六） · 10月1日（周三）至8日（周三） · 2026-02-14~2026-02-22 */
function datesIn(clause: string, year: number): string[] {
  const found: { day: string; joins: boolean }[] = [];
  let month = 0, end = 0;
  for (const match of clause.matchAll(/(?:(\d{4})[-年/.])?(?:(\d{1,2})[-月/.])?(\d{1,2})日?(?:[（(][^）)]*[）)])?/g)) {
    if (!match[2] && !/日/.test(match[0])) continue; // 放假调休，共3天
    month = match[2] ? Number(match[2]) : month;
    const day = month === 0 ? undefined : dayOf(match[1] ? Number(match[1]) : year, month, Number(match[3]));
    const joins = /至|~|～|—|到/.test(clause.slice(end, match.index));
    end = match.index + match[0].length;
    if (day) found.push({ day, joins });
  }
  return found.flatMap(({ day, joins }, place) => (joins && place > 0 ? between(found[place - 1]?.day ?? day, day).slice(1) : [day]));
}

/* `left`: lines in which no day was understood. */
export function readNotice(text: string, year: number): { days: Day[]; left: string[] } {
  const days = new Map<string, Day>();
  const left: string[] = [];
  for (const line of text.split(/\n/).map((one) => one.trim()).filter(Boolean)) {
    const name = /([\u4e00-\u9fff]*?(?:元旦|春节|清明节|劳动节|端午节|中秋节|国庆节))/.exec(line)?.[1]?.replace(/^[一二三四五六七八九十]+/, '') ?? '';
    let count = 0;
    for (const clause of line.split(/[。；;]/)) {
      const working = /上班|班(?!级)/.test(clause);
      if (!working && !/休|放假/.test(clause)) continue;
      for (const day of datesIn(clause, year)) {
        count++;
        days.set(day, { day, working, name: name || (/[休班]\s*([\u4e00-\u9fff]{2,10})/.exec(clause)?.[1] ?? '') });
      }
    }
    if (count === 0 && /\d/.test(line)) left.push(line);
  }
  return { days: [...days.values()].sort((one, other) => one.day.localeCompare(other.day)), left };
}
