/* 修改密码 and 修改手机号. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [
    { path: '/password', component: () => import('./PasswordPage.vue'), meta: { title: '修改密码' } },
    { path: '/phone', component: () => import('./PhonePage.vue'), meta: { title: '修改手机号' } },
  ],
  menu: [
    { text: '修改密码', to: '/password', place: 7, icon: 'key' },
    { text: '修改手机号', to: '/phone', place: 8, icon: 'phone' },
  ],
} satisfies AreaModule;
