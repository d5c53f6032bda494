/* Sending that does not give up: few at a time, and again when the network or a busy server let it down. */
import { Problem } from './problem';

const AT_ONCE = 3; // of one page; a server cleans a few at a time and refuses more
const TRIES = 8;
const WAIT_MOST_MS = 20_000;

const cancelled = (): DOMException => new DOMException('cancelled', 'AbortError');

/* ---- turns */

let running = 0;
const queue: (() => void)[] = [];

function leave(): void {
  const next = queue.shift();
  if (next) next();
  else running -= 1;
}

/* When it is our turn; `signal` leaves the queue. */
function turn(signal: AbortSignal): Promise<void> {
  if (running < AT_ONCE) {
    running += 1;
    return Promise.resolve();
  }
  return new Promise((resolve, reject) => {
    queue.push(resolve);
    signal.addEventListener('abort', () => {
      const place = queue.indexOf(resolve);
      if (place >= 0) queue.splice(place, 1);
      reject(cancelled());
    });
  });
}

/* ---- pauses */

/* So long, or until the browser says that there is a network again. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    addEventListener('online', done);
    signal.addEventListener('abort', () => (done(), reject(cancelled())), { once: true });
  });
}

/* Worth another try: nothing came through, or nobody had time. What the server refuses for what it is stays refused. */
export function isPassing(error: unknown): error is Problem {
  return error instanceof Problem && (error.isUnsettled || ['body_short', 'upload_offset'].includes(error.reason) || error.status === 429);
}

/* Calls `attempt` when it is its turn, and again after what passes; `onWait` hears why it waits, and '' when it goes on. The
   attempt tells when it got further. Rejects with the last Problem after eight tries without that, or with an AbortError. */
export async function patiently<Answer>(attempt: (onFurther: () => void) => Promise<Answer>, signal: AbortSignal, onWait: (why: string) => void): Promise<Answer> {
  onWait('等待上传');
  await turn(signal);
  try {
    for (let tried = 1; ; tried += 1) {
      onWait('');
      try {
        return await attempt(() => (tried = 0));
      } catch (error) {
        if (!isPassing(error) || tried === TRIES) throw error;
        onWait(error.status === 0 || error.reason === 'body_short' ? '网络中断，恢复后自动继续上传' : '系统繁忙，稍后自动继续上传');
        await pause(Math.min(WAIT_MOST_MS, Math.max(error.retryAfterS * 1000, 500 * 2 ** tried)), signal);
      }
    }
  } finally {
    leave();
  }
}
