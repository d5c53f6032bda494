/* The personal centre: /app/. */
import '@shared/theme.css';
import association from '#association';
import { collect, type AreaModule } from '@shared/modules';
import { start } from '@shared/startup';
import { createApp } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import App from './App.vue';
import { account, loadAccount } from './session';

const areas = collect(import.meta.glob<{ default: AreaModule }>('./modules/*/module.ts', { eager: true }));
const router = createRouter({
  history: createWebHistory('/app/'),
  routes: [
    ...areas.routes,
    { path: '/:rest(.*)', component: () => import('@shared/NothingHere.vue'), meta: { title: '没有这个页面', isPublic: true } },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

router.beforeEach(async (to) => {
  if (to.meta.isPublic || account.value || (await loadAccount())) return true;
  return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
});

const app = createApp(App, { menu: areas.menu });
start(app, router, association.association.platform_name);
