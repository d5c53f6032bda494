/* 专家工作台: letter of appointment, days away. Reached from the identity's page. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/expert', component: () => import('./ExpertPage.vue'), meta: { title: '专家工作台' } }],
} satisfies AreaModule;
