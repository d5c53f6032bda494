/* 工作日历: the holidays and worked weekends that promises go by. */
import type { AreaModule } from '@shared/modules';

const permission = 'param.edit';

export default {
  routes: [{ path: '/calendar', component: () => import('./CalendarPage.vue'), meta: { title: '工作日历', permission } }],
  menu: [{ text: '工作日历', to: '/calendar', place: 14, icon: 'month', permission }],
} satisfies AreaModule;
