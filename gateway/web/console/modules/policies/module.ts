/* 复核规则: which approvals take two. */
import type { AreaModule } from '@shared/modules';

const permission = 'param.edit';

export default {
  routes: [{ path: '/policies', component: () => import('./PoliciesPage.vue'), meta: { title: '复核规则', permission } }],
  menu: [{ text: '复核规则', to: '/policies', place: 13, icon: 'review', permission }],
} satisfies AreaModule;
