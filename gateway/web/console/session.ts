/* Which member of staff is logged in, in this tab. */
import { api, type Schema } from '@shared/api';
import { Problem } from '@shared/problem';
import { shallowRef } from 'vue';

export const staff = shallowRef<Schema<'auth.Staff'> | null>(null);

/* false: nobody is logged in. Any other problem is thrown. */
export async function loadStaff(): Promise<boolean> {
  try {
    staff.value = await api.getStaff({}, { quiet: true });
    return true;
  } catch (error) {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    staff.value = null;
    return false;
  }
}

export function may(permission: string | undefined): boolean {
  return permission === undefined || (staff.value?.permissions.includes(permission) ?? false);
}

export async function logOut(): Promise<void> {
  await api.staffLogOut({}, { quiet: true });
  location.assign('/console/'); // a new page: nothing of this person stays in memory
}
