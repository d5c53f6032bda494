/* Pictures that are looked at here carry who looks, and the minute. */
import { showTime } from '@shared/time';
import { watermarkKey } from '@shared/watermark';
import { computed, onScopeDispose, provide, ref } from 'vue';
import { staff } from './session';

const EVERY_MS = 15_000;

export function useWatermark(): void {
  const now = ref(Date.now());
  const timer = setInterval(() => (now.value = Date.now()), EVERY_MS);
  onScopeDispose(() => clearInterval(timer));
  provide(watermarkKey, computed(() => staff.value
    && { who: `${staff.value.name} ${staff.value.login}`, at: showTime(new Date(now.value).toISOString()) }));
}
