/* What a list is asked for lives in the address bar: reload, back and a link sent to a colleague work. */
import { useRoute, useRouter } from 'vue-router';

interface Query {
  asked: (name: string) => string; // '': not asked for, or twice
  chosen: <Value extends string>(name: string, list: readonly [{ value: Value }, ...{ value: Value }[]]) => Value; // the first where it is none of the list's
  choose: (change: Record<string, string>) => void; // '' takes a word away
}

export function useQuery(): Query {
  const route = useRoute();
  const router = useRouter();

  function asked(name: string): string {
    const value = route.query[name];
    return typeof value === 'string' ? value : '';
  }

  return {
    asked,
    chosen: (name, list) => list.find((one) => one.value === asked(name))?.value ?? list[0].value,
    choose: (change) => {
      const query = Object.fromEntries(Object.entries({ ...route.query, ...change }).filter(([, value]) => value));
      void router.push({ query });
    },
  };
}

/* What a <select> was set to. */
export const valueOf = (event: Event): string => (event.target as HTMLSelectElement).value;
