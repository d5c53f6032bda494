/* 会费标准 and the rules by which dues are kept. */
import type { AreaModule } from '@shared/modules';

const permission = 'fee.schedule.edit';

export default {
  routes: [{ path: '/fees', component: () => import('./FeesPage.vue'), meta: { title: '会费标准', permission } }],
  menu: [{ text: '会费标准', to: '/fees', place: 11, icon: 'key', permission }],
} satisfies AreaModule;
