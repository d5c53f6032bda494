/* A list read page by page with a cursor: loading, empty, error, more. An answer that was overtaken by a newer
   question is dropped. */
import { computed, ref, shallowRef } from 'vue';
import { Problem } from './problem';

export interface Page<Item> {
  items: Item[];
  next_cursor: string;
  total: number;
}

/* `limit`: how many to ask for; 0: as many as the server thinks fit. */
export function useList<Item>(fetchPage: (cursor: string, signal: AbortSignal, limit: number) => Promise<Page<Item>>) {
  const items = shallowRef<Item[]>([]);
  const total = ref(0);
  const problem = ref<Problem | null>(null);
  const loading = ref(false);
  const loaded = ref(false);
  let cursor = '';
  let running: AbortController | undefined;

  async function read(from: string, limit = 0): Promise<void> {
    running?.abort();
    const mine = new AbortController();
    running = mine;
    loading.value = true;
    problem.value = null;
    try {
      const page = await fetchPage(from, mine.signal, limit);
      if (mine.signal.aborted) return;
      items.value = from === '' ? page.items : [...items.value, ...page.items];
      total.value = page.total;
      cursor = page.next_cursor;
      loaded.value = true;
      hasMore.value = cursor !== '';
    } catch (error) {
      if (mine.signal.aborted) return;
      if (!(error instanceof Problem)) throw error;
      problem.value = error;
    } finally {
      if (running === mine) loading.value = false;
    }
  }

  const hasMore = ref(false);
  return {
    items,
    total,
    problem,
    loading,
    hasMore,
    isEmpty: computed(() => loaded.value && items.value.length === 0 && !problem.value),
    isFirstLoad: computed(() => loading.value && !loaded.value),
    reload: () => read(''),
    more: () => read(cursor),
    /* The same again, as it is now: as many as are shown. */
    refresh: () => read('', Math.min(100, Math.max(20, items.value.length))),
  };
}
