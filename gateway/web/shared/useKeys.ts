/* Keys of a page, by their letter: not while somebody types, not under a dialog, not with Ctrl or Alt. */
import { onScopeDispose } from 'vue';

const TYPING = 'input, textarea, select, [contenteditable="true"], [role="dialog"]';

export function useKeys(keys: () => Record<string, () => unknown>): void {
  const onKey = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as Element;
    const typing = target.closest(TYPING);
    if (typing && !(typing instanceof HTMLInputElement && typing.type === 'checkbox')) return;
    if (event.key === 'Enter' && target.closest('a, button')) return; // it is pressed
    if ([...document.querySelectorAll('[role="dialog"]')].some((dialog) => dialog.getClientRects().length > 0)) return;
    const act = keys()[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    void act();
  };
  window.addEventListener('keydown', onKey);
  onScopeDispose(() => window.removeEventListener('keydown', onKey));
}
