/* What happens in the queue while a page of it is open: new applications, who takes which, verdicts, withdrawals. Asked for every
   two and a half seconds by all of the window's pages together, while the window is visible and somebody is at work: a session
   that is left alone still ends by itself. */
import { api, type Schema } from '@shared/api';
import { Problem } from '@shared/problem';
import { onScopeDispose } from 'vue';

type Item = Schema<'certification.ReviewItem'>;
type Listener = (items: Item[]) => void;

const EVERY_MS = 2500;
const AFTER_TROUBLE_MS = 10_000;
const AT_WORK_MS = 10 * 60_000;

const listeners = new Set<Listener>();
let since = '0';
let timer: ReturnType<typeof setTimeout> | undefined;
let lastWork = Date.now();

const told = new Map<string, string>(); // as each item was told last

function isNews(item: Item): boolean {
  const text = JSON.stringify(item);
  if (told.get(item.id) === text) return false;
  if (told.size > 500) told.clear();
  told.set(item.id, text);
  return true;
}

const isAsking = () => document.visibilityState === 'visible' && Date.now() - lastWork < AT_WORK_MS;

async function ask(): Promise<number> {
  try {
    const { now, reviews } = await api.listReviewChanges({ since }, { quiet: true });
    since = now;
    const news = reviews.filter(isNews);
    if (news.length > 0) for (const tell of listeners) tell(news);
    return EVERY_MS;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return AFTER_TROUBLE_MS; // what a person does meanwhile tells of the trouble
  }
}

async function tick(): Promise<void> {
  const wait = isAsking() ? await ask() : EVERY_MS;
  timer = listeners.size > 0 ? setTimeout(() => void tick(), wait) : undefined;
}

function atWork(): void {
  lastWork = Date.now();
}

for (const name of ['pointerdown', 'pointermove', 'keydown', 'visibilitychange']) document.addEventListener(name, atWork, { passive: true });

/* `tell` gets the items as they are now; the same change may come twice. */
export function useChanges(tell: Listener): void {
  if (listeners.size === 0 && timer === undefined) {
    since = '0';
    timer = setTimeout(() => void tick());
  }
  listeners.add(tell);
  onScopeDispose(() => listeners.delete(tell));
}
