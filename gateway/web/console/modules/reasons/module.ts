/* 驳回原因: what reviewers can choose when they refuse. */
import type { AreaModule } from '@shared/modules';

const permission = 'dict.edit';

export default {
  routes: [{ path: '/reasons', component: () => import('./ReasonsPage.vue'), meta: { title: '驳回原因', permission } }],
  menu: [{ text: '驳回原因', to: '/reasons', place: 12, icon: 'file', permission }],
} satisfies AreaModule;
