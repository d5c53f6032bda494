/* The cases that wait for this reviewer, in the order of the list that was left, and the next one read before it is asked for:
   after a verdict it is there. Its pictures are not: a look at them is kept in the audit, and is to be a look. */
import { api, type Schema } from '@shared/api';
import { Problem } from '@shared/problem';
import { ref } from 'vue';
import { isForMe, type Filter } from './filter';

type Review = Schema<'certification.Review'>;

export function useQueue(filter: () => Required<Filter>) {
  const ids = ref<string[]>([]);
  const read = new Map<string, Review>();

  async function refresh(): Promise<void> {
    const { view, ...rest } = filter();
    const open = view === 'DECIDED' ? 'OPEN' : view;
    ids.value = (await api.listReviews({ ...rest, view: open, limit: 100 })).reviews.filter(isForMe).map((item) => item.id);
  }

  function beside(id: string, step: 1 | -1): string | undefined {
    const place = ids.value.indexOf(id);
    return place < 0 ? ids.value[0] : ids.value[place + step];
  }

  /* Reads a case ahead; what cannot be read now is read when it is opened, and tells then. */
  async function preload(id: string | undefined): Promise<void> {
    if (!id || read.has(id)) return;
    try {
      read.set(id, await api.getReview({ id }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
    }
  }

  /* Once: what was read ahead may be old the next time. */
  function take(id: string): Review | undefined {
    const review = read.get(id);
    read.delete(id);
    return review;
  }

  /* Somebody else was there: what was read ahead is old. */
  function forget(id: string): void {
    read.delete(id);
  }

  return { refresh, beside, preload, take, forget };
}
