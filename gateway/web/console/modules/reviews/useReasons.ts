/* Why an application may be refused: read for the first case, and again with every later one, but those wait for nothing. */
import { api, type Schema } from '@shared/api';
import { Problem } from '@shared/problem';
import { onMounted, ref, shallowRef } from 'vue';

export const reasons = shallowRef<Schema<'certification.RejectReason'>[]>([]);

export function useReasons() {
  const problem = ref<Problem | null>(null);

  onMounted(async () => {
    try {
      reasons.value = (await api.listRejectReasons()).reasons;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.value = error;
    }
  });

  return { reasons, problem };
}
