/* 专家库: who is in, what they can, and until when their certificates are valid. */
import type { AreaModule } from '@shared/modules';

const permission = 'expert.read';

export default {
  routes: [
    { path: '/experts', component: () => import('./ExpertsPage.vue'), meta: { title: '专家库', permission } },
    { path: '/experts/policy', component: () => import('./PolicyPage.vue'), meta: { title: '专家库设置', permission: 'expert.manage' } },
    { path: '/experts/:id(\\d+)', component: () => import('./ExpertPage.vue'), props: true, meta: { title: '专家库', permission } },
  ],
  menu: [{ text: '专家库', to: '/experts', place: 3, icon: 'scholar', permission }],
} satisfies AreaModule;
