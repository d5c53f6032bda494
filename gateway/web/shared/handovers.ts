/* 更换负责人 (SM11): its words. */
import type { Schema } from './api';
import type { Badge } from './words';

export type Handover = Schema<'certification.Handover'>;

export const handoverBadges: Record<Handover['state'], Badge> = {
  UNSPECIFIED: { text: '', tone: 'plain' },
  REQUESTED: { text: '待核对', tone: 'wait' },
  REVIEWED: { text: '待复核', tone: 'wait' },
  APPROVED: { text: '更换中', tone: 'wait' },
  SWITCHED: { text: '已更换', tone: 'good' },
  REFUSED: { text: '未通过', tone: 'bad' },
  WITHDRAWN: { text: '已撤回', tone: 'plain' },
};

export const askerNames: Record<Handover['asked_by'], string> = {
  UNKNOWN: '', HOLDER: '现负责人申请', SUCCESSOR: '新负责人申请', STAFF: '工作人员代办',
};
