/* 更换负责人: stamped letters that two persons look at before a unit's account is handed over. */
import type { AreaModule } from '@shared/modules';

const permission = 'cert.handover';

export default {
  routes: [
    { path: '/handovers', component: () => import('./HandoversPage.vue'), meta: { title: '更换负责人', permission } },
    { path: '/handovers/new', component: () => import('./RecordPage.vue'), meta: { title: '代办更换负责人', permission } },
    { path: '/handovers/:id(\\d+)', component: () => import('./HandoverPage.vue'), props: true, meta: { title: '更换负责人', permission } },
  ],
  menu: [{ text: '更换负责人', to: '/handovers', place: 6.5, icon: 'person', permission }],
} satisfies AreaModule;
