/* Keys that the browser keeps for some time, each known by a mark; the newest of them. Where a storage is forbidden or full, or
   what is in it is not ours, none is kept. */
type Kept = Record<string, { key: string; at: number }>;

export interface KeptKeys {
  keyOf: (mark: string) => string | undefined;
  keep: (mark: string, key: string) => void;
  forget: (mark: string) => void;
}

/* `storage` is asked for each time: already to name one may be forbidden. */
export function keptKeys(storage: () => Storage, name: string, lifeMs: number, most = Infinity): KeptKeys {
  function read(): Kept {
    try {
      const kept = JSON.parse(storage().getItem(name) ?? '{}') as Kept;
      return Object.fromEntries(Object.entries(kept).filter(([, { at }]) => at > Date.now() - lifeMs));
    } catch {
      return {};
    }
  }

  function write(kept: Kept): void {
    try {
      const newest = Object.entries(kept).sort(([, one], [, other]) => one.at - other.at).slice(-most);
      storage().setItem(name, JSON.stringify(Object.fromEntries(newest)));
    } catch {
      return;
    }
  }

  return {
    keyOf: (mark) => read()[mark]?.key,
    keep: (mark, key) => write({ ...read(), [mark]: { key, at: Date.now() } }),
    forget(mark) {
      const { [mark]: ended, ...rest } = read();
      if (ended) write(rest);
    },
  };
}
