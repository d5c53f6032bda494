/* What both applications do when they start. */
import { ElMessage } from 'element-plus';
import type { App } from 'vue';
import type { Router } from 'vue-router';
import { Problem } from './problem';

const RELOADED = 'guild.reloaded';

/* After a new release the chunks that this page names may be gone: one reload brings the new ones. */
function reloadOnce(): void {
  if (sessionStorage.getItem(RELOADED) === location.pathname) return;
  sessionStorage.setItem(RELOADED, location.pathname);
  location.reload();
}

export function start(app: App, router: Router, siteName: string): void {
  window.addEventListener('vite:preloadError', reloadOnce);
  router.afterEach((to) => {
    sessionStorage.removeItem(RELOADED);
    document.title = to.meta.title ? `${to.meta.title} · ${siteName}` : siteName;
  });
  app.config.errorHandler = (error) => {
    if (error instanceof Problem) ElMessage({ type: 'error', message: error.message, duration: 6000, showClose: true });
    else console.error(error);
  };
  app.use(router).mount('#app');
}
