/* Words for what takes two persons. */
import type { Schema } from '@shared/api';
import type { Badge } from '@shared/words';

export type Proposal = Schema<'payment.Proposal'>;

export const kindNames: Record<Proposal['kind'], string> = {
  UNSPECIFIED: '',
  SUSPEND: '暂停会籍',
  RESUME: '恢复会籍',
  TERMINATE: '退会、除名',
  WAIVE: '减免会费',
  REVERSE: '冲正入账',
  REFUND: '退还预存余额',
  UNWAIVE: '撤销减免',
  CHANGE_POST: '变更会内职务',
};

export const stateBadges: Record<Proposal['state'], Badge> = {
  STATE_UNSPECIFIED: { text: '', tone: 'plain' },
  REQUESTED: { text: '待复核', tone: 'wait' },
  CONFIRMED: { text: '已办理', tone: 'good' },
  REFUSED: { text: '已拒绝', tone: 'bad' },
};

const isMoney = (kind: Proposal['kind']) => kind === 'REVERSE' || kind === 'REFUND';
export const asking = (kind: Proposal['kind']) => (isMoney(kind) ? 'voucher.reverse' : 'member.suspend');
export const deciding = (kind: Proposal['kind']) => (isMoney(kind) ? 'voucher.reverse.confirm' : 'member.suspend.confirm');
