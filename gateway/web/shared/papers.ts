/* Papers that are printed, stamped and sent back (SM10): their words and schemas. */
import type { Schema } from './api';
import type { Values } from './forms';
import type { Badge } from './words';

export type PaperForm = Schema<'certification.PaperForm'>;
export type PaperKind = Exclude<PaperForm['kind'], 'UNSPECIFIED'>;
type Fields = Schema<'certification.PaperFields'>;

export const paperNames: Record<PaperForm['kind'], string> = {
  UNSPECIFIED: '',
  ENTRY: '入会申请表',
  HOLDER: '企业协会账号负责人说明',
};
export const paperSchemas: Record<PaperKind, string> = {
  ENTRY: 'certification.EntryForm',
  HOLDER: 'certification.HolderForm',
};
const fieldNames: Record<PaperKind, keyof Fields> = { ENTRY: 'entry', HOLDER: 'holder' };

export const paperBadges: Record<PaperForm['state'], Badge> = {
  NONE: { text: '未填写', tone: 'plain' },
  FILLING: { text: '填写中', tone: 'plain' },
  GENERATED: { text: '待盖章上传', tone: 'wait' },
  UPLOADED: { text: '待核对', tone: 'wait' },
  ACCEPTED: { text: '已接收', tone: 'good' },
  RETURNED: { text: '已退回', tone: 'bad' },
};

export function valuesOfPaper(fields: Fields | undefined, kind: PaperKind): Values | undefined {
  return fields?.[fieldNames[kind]] as Values | undefined;
}

export function fieldsOfPaper(kind: PaperKind, values: Values): Fields {
  return { [fieldNames[kind]]: values } as Fields;
}
