/* Times as people of the association read them, wherever the browser is. */
const zone = 'Asia/Shanghai';

const partsOf = new Intl.DateTimeFormat('en-CA', {
  timeZone: zone,
  year: 'numeric',
  month: '2-digit',
  day: '2-digit',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

function parts(time: string | number): Record<string, string> {
  return Object.fromEntries(partsOf.formatToParts(new Date(time)).map((part) => [part.type, part.value]));
}

/* "2026-11-23 13:18"; a date stays a date; empty stays empty. */
export function showTime(time: string): string {
  if (time === '' || /^\d{4}-\d{2}-\d{2}$/.test(time)) return time;
  const { year, month, day, hour, minute } = parts(time);
  return `${year}-${month}-${day} ${hour}:${minute}`;
}

/* "13:18" */
export function showClock(time: string): string {
  return showTime(time).slice(11);
}

/* How long something has waited, in the largest fitting unit: 已等待3天, 已等待5小时, 已等待12分钟, 刚刚提交. */
export function showWait(time: string, now = Date.now()): string {
  const minutes = Math.floor((now - Date.parse(time)) / 60000);
  if (minutes < 1) return '刚刚提交';
  if (minutes < 60) return `已等待${minutes}分钟`;
  if (minutes < 48 * 60) return `已等待${Math.floor(minutes / 60)}小时`;
  return `已等待${Math.floor(minutes / 60 / 24)}天`;
}

/* Today in Shanghai is past that date. */
export function isPast(date: string, now = Date.now()): boolean {
  return date !== '' && showTime(new Date(now).toISOString()).slice(0, 10) > date;
}
