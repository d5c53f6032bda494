/* 保存期限: how long what was handed in is kept. */
import type { AreaModule } from '@shared/modules';

const permission = 'param.edit';

export default {
  routes: [{ path: '/retention', component: () => import('./RetentionPage.vue'), meta: { title: '保存期限', permission } }],
  menu: [{ text: '保存期限', to: '/retention', place: 14, icon: 'review', permission }],
} satisfies AreaModule;
