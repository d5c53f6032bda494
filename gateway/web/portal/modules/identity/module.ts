/* The four identities: form, progress, change. */
import { formNames } from '@shared/forms';
import type { AreaModule } from '@shared/modules';
import { kindNames, type Kind } from '@shared/words';

export default {
  routes: (Object.keys(formNames) as Kind[]).map((kind) => ({
    path: `/identities/${kind}`, component: () => import('./IdentityPage.vue'), props: { kind }, meta: { title: kindNames[kind] },
  })),
} satisfies AreaModule;
