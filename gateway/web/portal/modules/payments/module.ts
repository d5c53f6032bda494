/* 缴费记录: the vouchers that were handed in, and what became of them. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [
    { path: '/payments', component: () => import('./PaymentsPage.vue'), meta: { title: '缴费记录' } },
    { path: '/payments/:id(\\d+)', component: () => import('./PaymentPage.vue'), props: true, meta: { title: '缴费记录' } },
  ],
  menu: [{ text: '缴费记录', to: '/payments', place: 4, icon: 'receipt' }],
} satisfies AreaModule;
