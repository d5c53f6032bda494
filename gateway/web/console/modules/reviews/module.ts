/* 认证审核: the queue and the case. */
import type { AreaModule } from '@shared/modules';

const permission = 'cert.review';

export default {
  routes: [
    { path: '/reviews', component: () => import('./QueuePage.vue'), meta: { title: '认证审核', permission } },
    { path: '/reviews/:id(\\d+)', component: () => import('./ReviewPage.vue'), props: true, meta: { title: '认证审核', permission } },
  ],
  menu: [{ text: '认证审核', to: '/reviews', place: 2, icon: 'review', permission }],
} satisfies AreaModule;
