/* 评审邀请: the messages lead here. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/invitations', component: () => import('./InvitationsPage.vue'), meta: { title: '评审邀请' } }],
} satisfies AreaModule;
