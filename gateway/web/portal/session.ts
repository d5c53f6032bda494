/* Who is logged in, in this tab. */
import { api, type Schema } from '@shared/api';
import { Problem } from '@shared/problem';
import { ref, shallowRef } from 'vue';

export const account = shallowRef<Schema<'auth.Account'> | null>(null);

/* The phone that was typed here to log in or register: the platform itself only tells a masked one. */
export const typedPhone = ref('');

/* false: nobody is logged in. Any other problem is thrown. */
export async function loadAccount(): Promise<boolean> {
  try {
    account.value = await api.getAccount({}, { quiet: true });
    return true;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    account.value = null;
    return false;
  }
}

export async function logOut(): Promise<void> {
  await api.logOut({}, { quiet: true });
  location.assign('/'); // a new page: nothing of this person stays in memory
}

const NONCE = 'guild.nonce';

/* Codes by SMS are bound to it. It outlives a reload, since phones drop a page while its SMS is being read. */
export function pageNonce(): string {
  const kept = sessionStorage.getItem(NONCE);
  if (kept) return kept;
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const nonce = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  sessionStorage.setItem(NONCE, nonce);
  return nonce;
}
