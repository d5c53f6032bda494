/* 单位名录: the units that are certified, or were, and who works there. */
import type { AreaModule } from '@shared/modules';

const permission = 'cert.review';

export default {
  routes: [
    { path: '/units', component: () => import('./UnitsPage.vue'), meta: { title: '单位名录', permission } },
    { path: '/units/:id(\\d+)', component: () => import('./UnitPage.vue'), props: true, meta: { title: '单位名录', permission } },
  ],
  menu: [{ text: '单位名录', to: '/units', place: 3, icon: 'building', permission }],
} satisfies AreaModule;
