/* Seconds until something may be done again; by the clock, so that a phone that slept does not wait longer. */
import { onScopeDispose, ref } from 'vue';

export function useCountdown() {
  const left = ref(0);
  let until = 0;
  let timer: ReturnType<typeof setInterval> | undefined;

  function tick(): void {
    left.value = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    if (left.value === 0) clearInterval(timer);
  }

  function start(seconds: number): void {
    clearInterval(timer);
    until = Date.now() + seconds * 1000;
    timer = setInterval(tick, 500);
    tick();
  }

  onScopeDispose(() => clearInterval(timer));
  return { left, start };
}
