/* A form that saves itself: some seconds after the last key, on leaving a field (`flush`), on leaving the page.

   clean     what is on the page is stored
   dirty     something was typed; it will be saved soon
   saving    under way
   failed    not stored (no network, platform away): tried again by itself
   conflict  the draft was changed elsewhere (another tab, the phone); nothing is saved until the person chooses

   One save at a time: what is typed meanwhile goes with the next one. */
import { computed, onScopeDispose, ref, watch } from 'vue';
import { Problem } from './problem';

const SAVE_AFTER_MS = 3000;
const RETRY_AFTER_MS = 10000;

export type DraftState = 'clean' | 'dirty' | 'saving' | 'failed' | 'conflict';

export interface Saved {
  version: number;
  saved_at: string;
}

export interface DraftSource<Form> {
  form: Form; // reactive
  save: (form: Form, version: number) => Promise<Saved>;
  conflictReason: string; // of the problem that says the stored version is another one
}

export function useDraft<Form extends object>(source: DraftSource<Form>) {
  const state = ref<DraftState>('clean');
  const version = ref(0);
  const savedAt = ref('');
  const problem = ref<Problem | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stored = JSON.stringify(source.form);
  let running: Promise<void> | undefined;

  const differs = () => JSON.stringify(source.form) !== stored;

  function saveIn(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void flush(), ms);
  }

  function failed(error: unknown): void {
    if (!(error instanceof Problem)) throw error;
    problem.value = error;
    state.value = error.reason === source.conflictReason ? 'conflict' : 'failed';
    if (error.isUnsettled) saveIn(RETRY_AFTER_MS);
  }

  async function save(): Promise<void> {
    const sent = JSON.stringify(source.form);
    state.value = 'saving';
    try {
      const saved = await source.save(JSON.parse(sent) as Form, version.value);
      stored = sent;
      version.value = saved.version;
      savedAt.value = saved.saved_at;
      problem.value = null;
      state.value = differs() ? 'dirty' : 'clean';
    } catch (error) {
      failed(error);
    }
  }

  /* Resolves when all that was typed is stored, or could not be. */
  async function flush(): Promise<void> {
    clearTimeout(timer);
    while (running) await running; // and again, where another caller was faster to start one
    if (state.value === 'conflict' || !differs()) return;
    running = save().finally(() => {
      running = undefined;
    });
    await running;
    if (state.value === 'dirty') saveIn(SAVE_AFTER_MS);
  }

  /* What the page shows now is what is stored as `saved`. */
  function settle(saved: Saved): void {
    clearTimeout(timer);
    stored = JSON.stringify(source.form);
    version.value = saved.version;
    savedAt.value = saved.saved_at;
    problem.value = null;
    state.value = 'clean';
  }

  /* The person keeps this page's content over the other one, whose version is `other`. */
  async function overwrite(other: number): Promise<void> {
    version.value = other;
    state.value = 'dirty';
    await flush();
  }

  watch(source.form, () => {
    if (state.value === 'conflict' || !differs()) return;
    if (state.value !== 'saving') state.value = 'dirty';
    saveIn(SAVE_AFTER_MS);
  });
  onScopeDispose(() => clearTimeout(timer));

  return {
    state,
    version,
    savedAt,
    problem,
    isAtRisk: computed(() => state.value !== 'clean'),
    flush,
    settle,
    overwrite,
  };
}
