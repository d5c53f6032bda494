/* 个人信息授权: what was agreed to separately, and taking it back. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/consents', component: () => import('./ConsentsPage.vue'), meta: { title: '个人信息授权' } }],
  menu: [{ text: '个人信息授权', to: '/consents', place: 10, icon: 'review' }],
} satisfies AreaModule;
