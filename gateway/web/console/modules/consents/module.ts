/* 同意书: the texts that people consent to separately, and publishing the next one. */
import type { AreaModule } from '@shared/modules';

const permission = 'consent.publish';

export default {
  routes: [{ path: '/consents', component: () => import('./ConsentTextsPage.vue'), meta: { title: '同意书', permission } }],
  menu: [{ text: '同意书', to: '/consents', place: 13, icon: 'file', permission }],
} satisfies AreaModule;
