/* A form that saves itself: some seconds after the last key, on leaving a field (`flush`), on leaving the page.

   clean     what is on the page is stored
   dirty     something was typed; it will be saved soon
   saving    under way
   failed    not stored (no network, platform away): tried again by itself
   conflict  the draft was changed elsewhere (another tab, the phone), and both changed the same fields: nothing is saved until
             the person chooses

   One save at a time: what is typed meanwhile goes with the next one. What was changed elsewhere alone comes into the page by
   itself; of fields that both changed, those that the person did not choose are set aside, and may still be exchanged. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { Problem } from './problem';

const SAVE_AFTER_MS = 3000;
const RETRY_AFTER_MS = 10000;

export type DraftState = 'clean' | 'dirty' | 'saving' | 'failed' | 'conflict';

export interface Saved {
  version: number;
  saved_at: string;
}

export interface Stored<Form> {
  form: Form;
  saved: Saved; // version 0: there is none
}

export interface DraftSource<Form> {
  form: Form; // reactive
  save: (form: Form, version: number) => Promise<Saved>;
  load: () => Promise<Stored<Form>>; // as it is stored now
  conflictReason: string; // of the problem that says the stored version is another one
}

/* Fields that were changed here and elsewhere: the values that stand elsewhere, or that the person did not choose. */
export interface Clash<Form> {
  values: Partial<Form>;
  kept?: 'mine' | 'theirs'; // what was chosen, and stands in the page
}

/* Equal whatever the order of the keys. */
function isSame(one: unknown, other: unknown): boolean {
  const sorted = (_: string, value: unknown) =>
    value && typeof value === 'object' && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  return JSON.stringify(one, sorted) === JSON.stringify(other, sorted);
}

const copyOf = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

export function useDraft<Form extends object>(source: DraftSource<Form>) {
  const state = ref<DraftState>('clean');
  const version = ref(0);
  const savedAt = ref('');
  const problem = ref<Problem | null>(null);
  const merged = shallowRef<(keyof Form & string)[]>([]); // fields that came from elsewhere by themselves
  const clash = shallowRef<Clash<Form> | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stored = JSON.stringify(source.form);
  let running: Promise<void> | undefined; // a save or a merge; whoever waits for it does not hear of its failure

  const differs = () => JSON.stringify(source.form) !== stored;

  function saveIn(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(() => void flush(), ms);
  }

  /* Another version is stored than the one that this page began with (`why`): both are put together, field by field. */
  async function merge(why: Problem): Promise<void> {
    const other = await source.load();
    if (other.saved.version === version.value) throw why; // nothing newer is there: it was refused for another reason
    const base = JSON.parse(stored) as Form;
    const names = Object.keys(source.form) as (keyof Form & string)[];
    const changed = names.filter((name) => !isSame(other.form[name], base[name]) && !isSame(other.form[name], source.form[name]));
    const both = changed.filter((name) => !isSame(source.form[name], base[name]));
    merged.value = changed.filter((name) => !both.includes(name));
    for (const name of merged.value) source.form[name] = copyOf(other.form[name]);
    if (both.length > 0) clash.value = { values: Object.fromEntries(both.map((name) => [name, other.form[name]])) as Partial<Form> };
    stored = JSON.stringify(other.form);
    version.value = other.saved.version;
    savedAt.value = other.saved.saved_at;
    problem.value = both.length > 0 ? why : null;
    state.value = both.length > 0 ? 'conflict' : differs() ? 'dirty' : 'clean';
    if (state.value === 'dirty') saveIn(0);
  }

  function failed(error: unknown): void {
    if (!(error instanceof Problem)) throw error;
    problem.value = error;
    state.value = 'failed';
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
      if (error instanceof Problem && error.reason === source.conflictReason) await merge(error).catch(failed);
      else failed(error);
    }
  }

  function occupy(act: Promise<void>): Promise<void> {
    const done = act.finally(() => {
      running = undefined;
    });
    running = done.catch(() => undefined);
    return done;
  }

  /* Resolves when all that was typed is stored, or could not be. */
  async function flush(): Promise<void> {
    clearTimeout(timer);
    while (running) await running; // and again, where another caller was faster to start one
    if (state.value === 'dirty' && !differs()) {
      problem.value = null;
      state.value = 'clean';
    }
    if (state.value === 'conflict' || !differs()) return;
    await occupy(save());
    if (state.value === 'dirty') saveIn(SAVE_AFTER_MS);
  }

  /* For a page whose own call was refused with `why`; throws what keeps it from being merged. */
  async function mergeAlone(why: Problem): Promise<void> {
    while (running) await running;
    if (state.value !== 'conflict') await occupy(merge(why));
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

  /* Puts the values of the clash into the page, and those that stood there aside. */
  function exchange(values: Partial<Form>): Partial<Form> {
    const before = Object.fromEntries(Object.keys(values).map((name) => [name, copyOf(source.form[name as keyof Form])])) as Partial<Form>;
    Object.assign(source.form, copyOf(values));
    return before;
  }

  /* The person says which of the fields that both changed are to stay; after that, that it should be the others. */
  async function keep(which: 'mine' | 'theirs'): Promise<void> {
    const { values, kept = 'mine' } = clash.value ?? { values: {} };
    clash.value = { values: kept === which ? values : exchange(values), kept: which };
    problem.value = null;
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
    form: source.form,
    state,
    version,
    savedAt,
    problem,
    isAtRisk: computed(() => state.value !== 'clean'),
    merged,
    clash,
    flush,
    settle,
    merge: mergeAlone,
    keep,
  };
}
