/* 会费统计 (J.3 to J.5): members, income, renewals and what the next year brings. */
import type { AreaModule } from '@shared/modules';

const permission = 'dues.read';

export default {
  routes: [{ path: '/figures', component: () => import('./FiguresPage.vue'), meta: { title: '会费统计', permission } }],
  menu: [{ text: '会费统计', to: '/figures', place: 9, icon: 'figures', permission }],
} satisfies AreaModule;
