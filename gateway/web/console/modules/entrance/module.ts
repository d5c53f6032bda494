/* Log-in. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/login', name: 'login', component: () => import('./LogInPage.vue'), meta: { title: '工作人员登录', isPublic: true } }],
} satisfies AreaModule;
