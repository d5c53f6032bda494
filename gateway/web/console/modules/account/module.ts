/* 修改密码. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/password', name: 'password', component: () => import('./PasswordPage.vue'), meta: { title: '修改密码' } }],
  menu: [{ text: '修改密码', to: '/password', place: 15, icon: 'key' }],
} satisfies AreaModule;
