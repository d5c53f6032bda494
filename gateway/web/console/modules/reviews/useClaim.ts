/* The lease on a case: counts down; while the reviewer works on the page it is extended, so that nobody else takes it. */
import { api } from '@shared/api';
import { Problem } from '@shared/problem';
import { computed, onScopeDispose, ref } from 'vue';

const EXTEND_BELOW_MS = 10 * 60_000;
const WORKED_WITHIN_MS = 5 * 60_000;

export function useClaim(id: () => string) {
  const until = ref(0);
  const now = ref(Date.now());
  let lastWork = Date.now();

  const leftMinutes = computed(() => Math.max(0, Math.ceil((until.value - now.value) / 60_000)));

  function settle(claimedUntil: string): void {
    until.value = claimedUntil ? Date.parse(claimedUntil) : 0;
    now.value = Date.now();
  }

  async function claim(): Promise<void> {
    settle((await api.claimReview({ id: id() })).claimed_until);
  }

  async function release(): Promise<void> {
    await api.releaseReview({ id: id() });
    settle('');
  }

  async function extend(): Promise<void> {
    try {
      await claim();
    } catch (error) {
      if (!(error instanceof Problem)) throw error; // it runs out then, and the page says so
    }
  }

  const worked = () => (lastWork = Date.now());
  const timer = setInterval(() => {
    now.value = Date.now();
    const left = until.value - now.value;
    if (left > 0 && left < EXTEND_BELOW_MS && now.value - lastWork < WORKED_WITHIN_MS) void extend();
  }, 20_000);

  window.addEventListener('pointerdown', worked);
  window.addEventListener('keydown', worked);
  onScopeDispose(() => {
    clearInterval(timer);
    window.removeEventListener('pointerdown', worked);
    window.removeEventListener('keydown', worked);
  });

  return { leftMinutes, settle, claim, release };
}
