/* 缴费记录: what the yearly dues are; vouchers and receipts come with the payment of dues. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/payments', component: () => import('./PaymentsPage.vue'), meta: { title: '缴费记录' } }],
  menu: [{ text: '缴费记录', to: '/payments', place: 3, icon: 'receipt' }],
} satisfies AreaModule;
