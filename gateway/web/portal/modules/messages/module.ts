/* 消息: the inbox. */
import type { AreaModule } from '@shared/modules';

export default {
  routes: [{ path: '/messages', component: () => import('./MessagesPage.vue'), meta: { title: '消息' } }],
  menu: [{ text: '消息', to: '/messages', place: 2, icon: 'mail' }],
} satisfies AreaModule;
