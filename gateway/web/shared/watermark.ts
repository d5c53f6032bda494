/* Who looks, and when: drawn over people's pictures, so that a photograph of the screen tells whose it was. The console provides
   it; where nobody does, as in the personal centre, pictures carry no mark. */
import type { InjectionKey, Ref } from 'vue';

export interface Watermark {
  who: string; // "钱初审 KT0012"
  at: string; // "2026-11-28 03:05"
}

export const watermarkKey: InjectionKey<Readonly<Ref<Watermark | null>>> = Symbol('watermark');
