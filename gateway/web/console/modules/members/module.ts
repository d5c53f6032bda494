/* 会员: every unit's standing, the opening of memberships (F18), what takes two persons, and the bills. */
import type { AreaModule } from '@shared/modules';

const permission = 'dues.read';

export default {
  routes: [
    { path: '/members', component: () => import('./MembersPage.vue'), meta: { title: '会员', permission } },
    { path: '/members/:id(\\d+)', component: () => import('./MemberPage.vue'), props: true, meta: { title: '会员', permission } },
    { path: '/proposals', component: () => import('./ProposalsPage.vue'), meta: { title: '两人办理', permission } },
    { path: '/reminders', component: () => import('./RemindersPage.vue'), meta: { title: '续费提醒', permission } },
    { path: '/bills', component: () => import('./BillsPage.vue'), meta: { title: '应收账单', permission } },
  ],
  menu: [
    { text: '会员', to: '/members', place: 4, icon: 'building', permission },
    { text: '应收账单', to: '/bills', place: 7, icon: 'receipt', permission },
    { text: '两人办理', to: '/proposals', place: 8, icon: 'group', permission },
    { text: '续费提醒', to: '/reminders', place: 10, icon: 'mail', permission },
  ],
} satisfies AreaModule;
