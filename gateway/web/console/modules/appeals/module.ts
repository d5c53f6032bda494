/* 申诉: revocations and refusals for good that another person looks at. */
import type { AreaModule } from '@shared/modules';

const permission = 'cert.revoke';

export default {
  routes: [
    { path: '/appeals', component: () => import('./AppealsPage.vue'), meta: { title: '申诉', permission } },
    { path: '/appeals/:id(\\d+)', component: () => import('./AppealPage.vue'), props: true, meta: { title: '申诉', permission } },
  ],
  menu: [{ text: '申诉', to: '/appeals', place: 6.6, icon: 'review', permission }],
} satisfies AreaModule;
