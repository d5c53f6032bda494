/* The directory for a spreadsheet. */
import { api, type Request } from '@shared/api';
import { namesOf } from '@shared/forms';
import { showTime } from '@shared/time';
import { kindNames } from '@shared/words';
import type { Table } from '../../table';
import { stateBadges, type Unit } from './units';

export const unitsTable = (filter: Request<'listUnits'>): Table<Unit> => ({ title: '单位名录',
  columns: [
    ['单位名称', (unit) => unit.unit_name],
    ['信用代码', (unit) => unit.uscc],
    ['身份', (unit) => unit.kinds.map((kind) => kindNames[kind]).join('、')],
    ['类别', (unit) => namesOf('member_category', unit.categories)],
    ['单位性质', (unit) => namesOf('unit_nature', unit.unit_nature ? [unit.unit_nature] : [])],
    ['登记地区', (unit) => unit.region_name || unit.region],
    ['会内职务', (unit) => namesOf('association_post', unit.association_post ? [unit.association_post] : [])],
    ['负责人', (unit) => unit.responsible_name],
    ['营业执照有效期至', (unit) => unit.license_valid_to],
    ['证照最早到期', (unit) => unit.first_expiry],
    ['认证状态', (unit) => stateBadges[unit.state].text],
    ['认证日期', (unit) => showTime(unit.joined_at).slice(0, 10)],
    ['查重', (unit) => (unit.is_doubtful ? '可能重复' : '')],
  ],
  read: async (cursor, signal) => {
    const { units, next_cursor } = await api.listUnits({ ...filter, cursor, limit: 100 }, { signal });
    return { items: units, next_cursor };
  },
});
