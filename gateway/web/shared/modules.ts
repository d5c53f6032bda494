/* An area of an application: its folder's module.ts declares what the shell collects. Adding an area edits no other file. */
import type { RouteRecordRaw } from 'vue-router';

export interface MenuEntry {
  text: string;
  to: string;
  place: number; // order in the menu
  icon: string; // name of a drawing of shared/LineIcon.vue
  permission?: string; // staff without it do not see the entry
}

export interface AreaModule {
  routes: RouteRecordRaw[];
  menu?: MenuEntry[];
}

export function collect(found: Record<string, { default: AreaModule }>) {
  const areas = Object.values(found).map((file) => file.default);
  return {
    routes: areas.flatMap((area) => area.routes),
    menu: areas.flatMap((area) => area.menu ?? []).sort((a, b) => a.place - b.place),
  };
}

declare module 'vue-router' {
  interface RouteMeta {
    title: string; // in the tab and at the top of the page
    isPublic?: boolean; // no session needed
    permission?: string;
  }
}
