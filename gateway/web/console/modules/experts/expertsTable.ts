/* The pool for a spreadsheet: what its list tells, and no number of anybody. */
import { api, type Request } from '@shared/api';
import { namesOf } from '@shared/forms';
import { showTime } from '@shared/time';
import type { Table } from '../../table';
import { stateBadges, type Expert } from './experts';

export const expertsTable = (filter: Request<'listExperts'>): Table<Expert> => ({ title: '专家库',
  columns: [
    ['姓名', (expert) => expert.name],
    ['专家编号', (expert) => expert.expert_no],
    ['工作单位', (expert) => expert.employer_name || '退休或自由执业'],
    ['所在地区', (expert) => namesOf('region', [expert.province_code, expert.city_code].filter(Boolean)).replace('、', '')],
    ['评审专业', (expert) => namesOf('review_specialty', expert.review_specialties)],
    ['职业资格', (expert) => namesOf('qualification', expert.qualification_codes)],
    ['最高职称', (expert) => namesOf('qualification', expert.highest_title ? [expert.highest_title] : [])],
    ['证书最早到期', (expert) => expert.first_expiry],
    ['证书最晚到期', (expert) => expert.last_expiry],
    ['状态', (expert) => (expert.state === 'IN_POOL' && expert.is_away ? '本人暂停' : stateBadges[expert.state].text)],
    ['入库日期', (expert) => showTime(expert.joined_at).slice(0, 10)],
    ['聘期开始', (expert) => expert.appointed_on],
    ['聘期结束', (expert) => expert.appointed_until],
  ],
  read: async (cursor, signal) => {
    const { experts, next_cursor } = await api.listExperts({ ...filter, cursor, limit: 100 }, { signal });
    return { items: experts, next_cursor };
  },
});
