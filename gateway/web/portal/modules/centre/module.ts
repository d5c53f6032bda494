/* 个人中心: the four identity cards. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/', component: () => import('./CentrePage.vue'), meta: { title: '个人中心' } }],
  menu: [{ text: '个人中心', to: '/', place: 1, icon: 'home' }],
} satisfies AreaModule;
