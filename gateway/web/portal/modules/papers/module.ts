/* 入会表格 (P10): 入会申请表 and 企业协会账号负责人说明, from the form to the stamped scan. */
import type { AreaModule } from '@shared/modules';
import { paperNames, paperSchemas, type PaperKind } from '@shared/papers';

export default {
  routes: [
    { path: '/papers', component: () => import('./PapersPage.vue'), meta: { title: '入会表格' } },
    ...(Object.keys(paperSchemas) as PaperKind[]).map((kind) => ({
      path: `/papers/${kind}`, component: () => import('./PaperPage.vue'), props: { kind }, meta: { title: paperNames[kind] },
    })),
  ],
  menu: [{ text: '入会表格', to: '/papers', place: 2.5, icon: 'review' }],
} satisfies AreaModule;
