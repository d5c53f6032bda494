/* Words for what the directory tells. */
import type { Schema } from '@shared/api';
import type { Badge } from '@shared/words';

export type Unit = Schema<'certification.Unit'>;
export type UnitRecord = Schema<'certification.UnitRecord'>;

export const stateBadges: Record<Unit['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  IN_FORCE: { text: '已认证', tone: 'good' },
  REVOKED: { text: '已撤销', tone: 'bad' },
  EXPIRED: { text: '已过期', tone: 'bad' },
};

export const eventNames: Record<UnitRecord['history'][number]['event'], string> = {
  UNSPECIFIED: '',
  JOINED: '认证通过',
  CHANGED: '更新资料',
  REVOKED: '撤销认证',
  EXPIRED: '认证过期',
  LEFT: '改为其他信用代码',
};

/* Why two units may be one. */
export function likeness({ by_name, by_phone }: UnitRecord['alikes'][number]): string {
  return [by_name && '名称相近', by_phone && '电话相同'].filter(Boolean).join('、');
}
