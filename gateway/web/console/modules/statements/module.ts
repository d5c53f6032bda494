/* 银行流水 (F20): files of the bank taken, their lines matched with vouchers, claimed or set aside, and the month's sheet. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [
    { path: '/statements', component: () => import('./MatchesPage.vue'), meta: { title: '银行流水', permission: 'bank.import' } },
    { path: '/statements/lines', component: () => import('./LinesPage.vue'), meta: { title: '银行流水', permission: 'bank.import' } },
    { path: '/statements/files', component: () => import('./FilesPage.vue'), meta: { title: '银行流水', permission: 'bank.import' } },
    { path: '/dues-month', component: () => import('./MonthPage.vue'), meta: { title: '会费月结', permission: 'period.close' } },
  ],
  menu: [
    { text: '银行流水', to: '/statements', place: 6, icon: 'bank', permission: 'bank.import' },
    { text: '会费月结', to: '/dues-month', place: 9, icon: 'month', permission: 'period.close' },
  ],
} satisfies AreaModule;
