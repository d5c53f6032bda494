/* The reviews for a spreadsheet. */
import { api } from '@shared/api';
import { showTime } from '@shared/time';
import { kindNames, reviewBadges } from '@shared/words';
import type { Table } from '../../table';
import type { Filter, Item } from './filter';

export const reviewsTable = (filter: Required<Filter>): Table<Item> => ({ title: '认证审核',
  columns: [
    ['编号', (item) => item.application_no],
    ['申请人', (item) => item.unit_name],
    ['身份', (item) => kindNames[item.kind]],
    ['种类', (item) => (item.is_change ? '修改资料' : '认证')],
    ['版本', (item) => item.submission_version],
    ['状态', (item) => reviewBadges[item.state].text],
    ['提交时间', (item) => showTime(item.submitted_at)],
    ['承诺办结', (item) => showTime(item.expected_by)],
    ['正在审核', (item) => item.claimed_by_name],
    ['初审通过', (item) => item.first_approved_by_name],
    ['办结人', (item) => item.decided_by_name],
    ['办结时间', (item) => showTime(item.decided_at)],
  ],
  read: async (cursor, signal) => {
    const { reviews, next_cursor } = await api.listReviews({ ...filter, cursor, limit: 100 }, { signal });
    return { items: reviews, next_cursor };
  },
});
