/* 工作台: what waits, and since when. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/', component: () => import('./DashboardPage.vue'), meta: { title: '工作台' } }],
  menu: [{ text: '工作台', to: '/', place: 1, icon: 'board' }],
} satisfies AreaModule;
