/* The cases that wait, in the order of the list, and the next one read before it is asked for: after a verdict it is there. */
import { api, attachmentUrl, type Schema } from '@shared/api';
import { Problem } from '@shared/problem';
import { ref } from 'vue';

type Review = Schema<'certification.Review'>;

export function useQueue() {
  const ids = ref<string[]>([]);
  const read = new Map<string, Review>();

  async function refresh(): Promise<void> {
    ids.value = (await api.listReviews({ view: 'OPEN', limit: 100 })).reviews.map((item) => item.id);
  }

  function beside(id: string, step: 1 | -1): string | undefined {
    const place = ids.value.indexOf(id);
    return place < 0 ? ids.value[0] : ids.value[place + step];
  }

  /* Reads a case and its pictures ahead; what cannot be read now is read when it is opened, and tells then. */
  async function preload(id: string | undefined): Promise<void> {
    if (!id || read.has(id)) return;
    try {
      const review = await api.getReview({ id });
      read.set(id, review);
      for (const file of review.attachments.slice(0, 6))
        if (file.content_type.startsWith('image/')) new Image().src = attachmentUrl('staff', file.id);
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

  return { refresh, beside, preload, take };
}
