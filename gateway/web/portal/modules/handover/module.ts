/* 更换负责人 of a unit's account. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/handover', component: () => import('./HandoverPage.vue'), meta: { title: '更换负责人' } }],
  menu: [{ text: '更换负责人', to: '/handover', place: 9, icon: 'group' }],
} satisfies AreaModule;
