/* 选项管理: what the forms offer to choose from. */
import type { AreaModule } from '@shared/modules';

const permission = 'dict.edit';

export default {
  routes: [{ path: '/dictionaries', component: () => import('./DictionariesPage.vue'), meta: { title: '选项管理', permission } }],
  menu: [{ text: '选项管理', to: '/dictionaries', place: 12, icon: 'file', permission }],
} satisfies AreaModule;
