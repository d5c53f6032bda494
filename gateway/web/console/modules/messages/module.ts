/* 消息: what happened that somebody should look at. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/messages', component: () => import('./MessagesPage.vue'), meta: { title: '消息' } }],
  menu: [{ text: '消息', to: '/messages', place: 14, icon: 'mail' }],
} satisfies AreaModule;
