/* The years that a unit has bills of, newest first; for the filters of its lists. Without bills: this year. */
import { api } from '@shared/api';
import { Problem } from '@shared/problem';
import { showTime } from '@shared/time';
import { shallowRef } from 'vue';

export function useYears() {
  const years = shallowRef<number[]>([Number(showTime(new Date().toISOString()).slice(0, 4))]);
  api.getDues().then(({ bills }) => {
    years.value = [...new Set([...years.value, ...bills.map((bill) => bill.year)])].sort((a, b) => b - a);
  }).catch((error: unknown) => {
    if (!(error instanceof Problem)) throw error; // who has no bills has no dues; the list itself says what is wrong
  });
  return years;
}
