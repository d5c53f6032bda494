/* 会费票据: what is to be issued, what was, and the year's list (F19). */
import type { AreaModule } from '@shared/modules';

const permission = 'receipt.issue';

export default {
  routes: [
    { path: '/receipts', component: () => import('./ReceiptsPage.vue'), meta: { title: '会费票据', permission } },
    { path: '/receipts/bulk', component: () => import('./BulkPage.vue'), meta: { title: '批量归档', permission } },
  ],
  menu: [{ text: '会费票据', to: '/receipts', place: 8, icon: 'file', permission }],
} satisfies AreaModule;
