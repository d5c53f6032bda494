/* What was refused, field by field: the reviewer's own marks, and the fields that the chosen reasons point at. Rows are found
   again where they are now, wherever they were moved. */
import type { Schema } from '@shared/api';
import type { Box } from '@shared/boxes';
import { fieldsOf, groupsOf, pairRows, valueAt, valuesOf, type Values } from '@shared/forms';
import type { Kind } from '@shared/words';

export interface Dispute {
  texts: string[];
  boxes: Box[];
  isChanged: boolean; // the field is not what was refused any more
}
export type Disputes = Record<string, Dispute>; // by path, as the form is now

/* The path, in the form as it is now; undefined: the row is gone. */
function pathNow(schema: string, path: string, refused: Values, form: Values): string | undefined {
  const [name = '', place, ...rest] = path.split('.');
  const field = fieldsOf(schema).find((one) => one.name === name);
  if (field?.type !== 'rows' || place === undefined) return path;
  const now = pairRows(field.of ?? '', (form[name] ?? []) as Values[], (refused[name] ?? []) as Values[]).indexOf(Number(place));
  return now < 0 ? undefined : [name, now, ...rest].join('.');
}

function add(disputes: Disputes, path: string, texts: string[], boxes: Box[], isChanged: boolean): void {
  const known = (disputes[path] ??= { texts: [], boxes: [], isChanged });
  known.texts.push(...texts.filter((text) => !known.texts.includes(text)));
  known.boxes.push(...boxes);
}

export function disputesOf(application: Schema<'certification.Application'>, schema: string, kind: Kind, form: Values): Disputes {
  const refused = valuesOf(application.refused, kind);
  const disputes: Disputes = {};
  if (!refused) return disputes;
  const reasonOf = (code: string) => application.reject_reasons.find((reason) => reason.code === code);
  const wordsOf = (code: string) => {
    const reason = reasonOf(code);
    return reason ? [`${reason.text}：${reason.advice}`] : [];
  };
  const partsOf = (path: string) => groupsOf(fieldsOf(schema)).find((group) => group.some((one) => one.name === path))?.map((one) => one.name) ?? [path];
  const isChanged = (before: string, now: string) =>
    partsOf(now).some((path) => JSON.stringify(valueAt(refused, path === now ? before : path)) !== JSON.stringify(valueAt(form, path)));

  const placed = new Set<string>();
  for (const verdict of application.field_verdicts) {
    const path = pathNow(schema, verdict.field, refused, form);
    for (const code of verdict.reason_codes) placed.add(code);
    if (path) add(disputes, path, [...verdict.reason_codes.flatMap(wordsOf), ...(verdict.note ? [verdict.note] : [])], verdict.boxes, isChanged(verdict.field, path));
  }
  for (const reason of application.reject_reasons.filter((one) => !placed.has(one.code)))
    for (const name of reason.fields.filter((field) => fieldsOf(schema).some((one) => one.name === field)))
      add(disputes, name, wordsOf(reason.code), [], isChanged(name, name));
  return disputes;
}

/* Those of a row, under the names of its fields. */
export function ofRow(disputes: Disputes, list: string, place: number): Disputes {
  const path = `${list}.${place}.`;
  return Object.fromEntries(Object.entries(disputes).filter(([name]) => name.startsWith(path)).map(([name, one]) => [name.slice(path.length), one]));
}
