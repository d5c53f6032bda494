/* What staff keep reasons of: refusals of applications (D16), and of payments (D16b). */
import { api, type Schema } from '@shared/api';

export type Reason = Schema<'certification.RejectReason'>; /* of payments: without fields, and always to be mended */

export interface Kind {
  title: string;
  words: string;
  letter: string; /* codes begin with it */
  reader: string; /* who reads it */
  hasFields: boolean;
  list(): Promise<Reason[]>;
  save(reason: Reason): Promise<unknown>;
}

export const kinds: Kind[] = [
  {
    title: '认证驳回原因', letter: 'R', reader: '申请人', hasFields: true,
    words: '审核人员驳回时从这里选择，申请人看到原因、怎么改和所指的项目。原因可以停用，不能删除；已经发出的驳回仍显示当时的文字。',
    list: async () => (await api.listAllRejectReasons()).reasons,
    save: (reason) => api.saveRejectReason(reason),
  },
  {
    title: '缴费凭证驳回原因', letter: 'V', reader: '缴费单位', hasFields: false,
    words: '财务驳回缴费凭证时从这里选择，单位看到原因和怎么改。原因可以停用，不能删除；已经发出的驳回仍显示当时的文字。',
    list: async () => (await api.listAllDuesReasons()).reasons.map((reason) => ({ ...reason, fields: [], retryable: true })),
    save: ({ fields: _, retryable: __, ...reason }) => api.saveVoucherReason(reason),
  },
];
