/* Something that a person sets off: busy while it runs, its problem afterwards, and the errors at their fields. */
import { nextTick, reactive, ref } from 'vue';
import { Problem, type FieldErrors } from './problem';

export function useAction<Args extends unknown[]>(act: (...args: Args) => Promise<void>) {
  const busy = ref(false);
  const problem = ref<Problem | null>(null);
  const errors = reactive<FieldErrors>({});

  function clear(): void {
    problem.value = null;
    for (const field of Object.keys(errors)) delete errors[field];
  }

  /* What the page itself found, or another call that belongs to the same form. */
  async function show(found: Problem): Promise<void> {
    clear();
    problem.value = found;
    Object.assign(errors, found.fieldErrors());
    await nextTick();
    document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }

  async function run(...args: Args): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    clear();
    try {
      await act(...args);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      await show(error);
    } finally {
      busy.value = false;
    }
  }

  /* The last wrong field was mended: the words above them are out of date too. */
  function edited(field: string): void {
    if (!(field in errors)) return;
    delete errors[field];
    if (Object.keys(errors).length === 0) problem.value = null;
  }

  return { busy, problem, errors, edited, run, show };
}
