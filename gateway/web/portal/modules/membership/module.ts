/* 我的会籍: where the unit stands as a member. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/membership', component: () => import('./MembershipPage.vue'), meta: { title: '我的会籍' } }],
  menu: [{ text: '我的会籍', to: '/membership', place: 5, icon: 'building' }],
} satisfies AreaModule;
