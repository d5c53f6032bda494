/* The staff console: /console/. */
import '@shared/theme.css';
import { collect, type AreaModule } from '@shared/modules';
import { start } from '@shared/startup';
import { createApp } from 'vue';
import { createRouter, createWebHistory } from 'vue-router';
import App from './App.vue';
import { loadStaff, may, staff } from './session';

const areas = collect(import.meta.glob<{ default: AreaModule }>('./modules/*/module.ts', { eager: true }));
const router = createRouter({
  history: createWebHistory('/console/'),
  routes: [
    ...areas.routes,
    { path: '/:rest(.*)', name: 'nothing', component: () => import('@shared/NothingHere.vue'), meta: { title: '没有这个页面', isPublic: true } },
  ],
  scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
});

/* A one-time password opens one page only: the one where it is replaced. */
router.beforeEach(async (to) => {
  if (to.meta.isPublic) return true;
  if (!staff.value && !(await loadStaff())) return { name: 'login', query: to.fullPath === '/' ? {} : { next: to.fullPath } };
  if (staff.value?.must_change_password && to.name !== 'password') return { name: 'password' };
  return may(to.meta.permission) || { name: 'nothing', params: { rest: 'not-allowed' } };
});

start(createApp(App, { menu: areas.menu }), router, '管理后台');
