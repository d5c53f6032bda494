/* 我的票据: the receipts for dues, to download, and what to mend in their details. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/receipts', component: () => import('./ReceiptsPage.vue'), meta: { title: '我的票据' } }],
  menu: [{ text: '我的票据', to: '/receipts', place: 6, icon: 'file' }],
} satisfies AreaModule;
