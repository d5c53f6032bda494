/* 建设单位: form, progress, change. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/identities/OWNER_UNIT', component: () => import('./OwnerUnitPage.vue'), meta: { title: '建设单位' } }],
} satisfies AreaModule;
