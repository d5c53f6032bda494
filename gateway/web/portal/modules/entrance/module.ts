/* Register, log in, forgotten password. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [
    { path: '/login', name: 'login', component: () => import('./LogInPage.vue'), meta: { title: '登录', isPublic: true } },
    { path: '/register', component: () => import('./RegisterPage.vue'), meta: { title: '注册', isPublic: true } },
    { path: '/forgotten', component: () => import('./ForgottenPage.vue'), meta: { title: '找回密码', isPublic: true } },
  ],
} satisfies AreaModule;
