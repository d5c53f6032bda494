/* 专家抽取: prepared by one, witnessed by another, answered by the experts. */
import type { AreaModule } from '@shared/modules';

const permission = 'draw.read';

export default {
  routes: [
    { path: '/draws', component: () => import('./DrawsPage.vue'), meta: { title: '专家抽取', permission } },
    { path: '/draws/new', component: () => import('./EditPage.vue'), meta: { title: '新建抽取', permission: 'expert.draw' } },
    { path: '/draws/:id(\\d+)', component: () => import('./DrawPage.vue'), props: true, meta: { title: '专家抽取', permission } },
    { path: '/draws/:id(\\d+)/edit', component: () => import('./EditPage.vue'), props: true, meta: { title: '修改抽取条件', permission: 'expert.draw' } },
  ],
  menu: [{ text: '专家抽取', to: '/draws', place: 4, icon: 'draw', permission }],
} satisfies AreaModule;
