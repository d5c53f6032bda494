/* Both applications: `mode` says which one, portal (the personal centre, /app/) or console (/console/). */
import vue from '@vitejs/plugin-vue';
import { fileURLToPath } from 'node:url';
import elementPlus from 'unplugin-element-plus/vite';
import { defineConfig } from 'vitest/config';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const bases: Record<string, string> = { portal: '/app/', console: '/console/' };

export default defineConfig(({ mode }) => ({
  root: here(mode in bases ? mode : '.'),
  base: bases[mode] ?? '/',
  plugins: [vue(), elementPlus({})],
  resolve: {
    alias: {
      '#contract': here('node_modules/.guild/contract.d.ts'),
      '#operations': here('node_modules/.guild/operations.json'),
      '#forms': here('node_modules/.guild/forms.json'),
      '#association': here('../../deploy/association.json'),
      '@shared': here('shared'),
      vue: here('node_modules/vue'), // the tests stand outside this folder
    },
  },
  build: {
    outDir: `${process.env.GUILD_WEB_OUT}${bases[mode]}`,
    emptyOutDir: true,
    target: ['chrome87', 'edge88', 'firefox78', 'safari14'], // phones that are some years old
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    rolldownOptions: {
      output: {
        codeSplitting: {
          groups: [
            { name: 'vue', test: /node_modules[\\/](@vue|vue|vue-router)[\\/]/, priority: 2 },
            { name: 'ui', test: /node_modules[\\/](?!(@e965|echarts|zrender|unpdf|fflate)[\\/])/, priority: 1 }, // readers and charts come with their pages
            { name: 'shared', test: /[\\/]web[\\/]shared[\\/]/ },
          ],
        },
      },
    },
  },
  test: {
    dir: here('../../tests/gateway/web'),
    include: ['**/*.test.ts'],
    environment: 'happy-dom',
    globals: true,
    cache: false,
  },
}));
