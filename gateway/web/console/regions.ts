/* A region of a list's conditions is narrowed down step by step: to a province, a city in it, a county in that. */
import { dictionary } from '@shared/forms';
import { computed } from 'vue';

/* `region` gives the code that is asked for, '' for none. */
export function useRegions(region: () => string) {
  const all = computed(() => dictionary('region').value);
  const province = computed(() => region() && `${region().slice(0, 2)}0000`);
  const city = computed(() => (region().slice(2, 4) > '00' ? `${region().slice(0, 4)}00` : province.value));
  return {
    province,
    city,
    provinces: computed(() => all.value.filter((item) => item.parent === '')),
    cities: computed(() => all.value.filter((item) => province.value !== '' && item.parent === province.value)),
    counties: computed(() => all.value.filter((item) => city.value !== province.value && item.parent === city.value)),
  };
}
