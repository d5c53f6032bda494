/* How many messages are unread: asked every minute while somebody is logged in and looks at the page. */
import { onScopeDispose, ref } from 'vue';
import { Problem } from './problem';

export const unread = ref(0);

export function useUnread(count: () => Promise<{ unread: number }>, isLoggedIn: () => boolean): { refresh: () => Promise<void> } {
  async function refresh(): Promise<void> {
    if (!isLoggedIn()) return;
    try {
      unread.value = (await count()).unread;
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // a number in the corner is worth no interruption
    }
  }

  const timer = setInterval(() => {
    if (document.visibilityState === 'visible') void refresh();
  }, 60_000);
  onScopeDispose(() => clearInterval(timer));
  return { refresh };
}
