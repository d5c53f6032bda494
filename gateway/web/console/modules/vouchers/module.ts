/* 凭证审核: the queue of payments, one case, and payments that staff received themselves (F17). */
import type { AreaModule } from '@shared/modules';

const permission = 'voucher.review';

export default {
  routes: [
    { path: '/vouchers', component: () => import('./VouchersPage.vue'), meta: { title: '凭证审核', permission } },
    { path: '/vouchers/:id(\\d+)', component: () => import('./VoucherPage.vue'), props: true, meta: { title: '凭证审核', permission: 'dues.read' } },
  ],
  menu: [{ text: '凭证审核', to: '/vouchers', place: 5, icon: 'yuan', permission }],
} satisfies AreaModule;
