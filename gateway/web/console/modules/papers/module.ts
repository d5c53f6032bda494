/* 盖章表格: what units stamped and sent back, to be accepted or returned. */
import type { AreaModule } from '@shared/modules';

const permission = 'cert.member.review';

export default {
  routes: [
    { path: '/papers', component: () => import('./PapersPage.vue'), meta: { title: '盖章表格', permission } },
    { path: '/papers/:id(\\d+)', component: () => import('./PaperPage.vue'), props: true, meta: { title: '盖章表格', permission } },
  ],
  menu: [{ text: '盖章表格', to: '/papers', place: 2.5, icon: 'file', permission }],
} satisfies AreaModule;
