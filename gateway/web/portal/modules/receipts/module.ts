/* 我的票据: the receipts for dues, to download, and what to mend in their details. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [
    { path: '/receipts', component: () => import('./ReceiptsPage.vue'), meta: { title: '我的票据' } },
    { path: '/m/:token', component: () => import('./MailboxLinkPage.vue'), props: true, meta: { title: '验证邮箱', isPublic: true } },
  ],
  menu: [{ text: '我的票据', to: '/receipts', place: 6, icon: 'file' }],
} satisfies AreaModule;
