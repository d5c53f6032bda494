/* 缴费: the bills, where to pay, and the voucher of a payment (F8). */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [
    { path: '/dues', component: () => import('./DuesPage.vue'), meta: { title: '缴费' } },
    { path: '/r/:token', component: () => import('./RenewalLinkPage.vue'), props: true, meta: { title: '续费', isPublic: true } },
  ],
  menu: [{ text: '缴费', to: '/dues', place: 3, icon: 'yuan' }],
} satisfies AreaModule;
