/* The forms as the contract defines them: the fields of each with their rules, an empty one, and what a page can find
   wrong before the server does. Nothing here knows a single form: a field is added in the contract alone. */
import definitions from '#forms';
import { api, type Schema } from './api';
import { checkIdNumber, checkMobile, checkPhone, checkUscc } from './checks';
import type { Kind } from './words';
import { shallowRef, type ShallowRef } from 'vue';

export interface Field {
  name: string;
  label: string;
  type: 'text' | 'flag' | 'texts' | 'rows';
  of?: string; // rows: the schema of one
  check?: string;
  dictionary?: string;
  unless?: string;
  placeholder?: string;
  hint?: string;
  suggest?: string;
  part?: string;
  required?: boolean;
  file?: boolean;
  min?: number;
  max?: number;
}
export type Value = string | boolean | string[] | Values[];
export interface Values {
  [name: string]: Value;
}
export interface Fault {
  field: string;
  message: string;
}
type Form = Schema<'certification.Form'>;

const schemas = definitions as unknown as Record<string, Field[]>;

/* The name of a kind's form in messages, and its schema. */
export const formNames: Record<Exclude<Kind, 'UNSPECIFIED'>, keyof Form> = {
  OWNER_UNIT: 'owner_unit',
  MEMBER_UNIT: 'member_unit',
  EXPERT: 'expert',
  NATURAL_PERSON: 'natural_person',
};
export const formSchemas: Record<Exclude<Kind, 'UNSPECIFIED'>, string> = {
  OWNER_UNIT: 'certification.OwnerUnitForm',
  MEMBER_UNIT: 'certification.MemberUnitForm',
  EXPERT: 'certification.ExpertForm',
  NATURAL_PERSON: 'certification.NaturalPersonForm',
};

/* As they are asked: what is typed, then files, what is ticked, and the lists, whatever was added to the contract last. */
const ranks: Record<Field['type'], number> = { text: 0, texts: 0, flag: 2, rows: 3 };
const rankOf = (field: Field) => (field.file ? 1 : ranks[field.type]);
const sorted = Object.fromEntries(Object.entries(schemas).map(([name, fields]) => [name, [...fields].sort((one, other) => rankOf(one) - rankOf(other))]));

export function fieldsOf(schema: string): Field[] {
  return sorted[schema] ?? [];
}

/* Fields as they are shown: neighbours that are parts of one label stand as one. */
export type Group = [Field, ...Field[]];

export function groupsOf(fields: Field[]): Group[] {
  const groups: Group[] = [];
  for (const field of fields) {
    const last = groups.at(-1);
    if (field.part && last?.[0].label === field.label) last.push(field);
    else groups.push([field]);
  }
  return groups;
}

/* What the field's own control is called. */
export const controlName = (field: Field) => (field.part ? `${field.label}（${field.part}）` : field.label);

export function emptyForm(schema: string): Values {
  const empty = (field: Field): Value => (field.type === 'text' ? '' : field.type === 'flag' ? false : []);
  return Object.fromEntries(fieldsOf(schema).map((field) => [field.name, empty(field)]));
}

/* The form of the kind in a message, as plain values; undefined: there is none. */
export function valuesOf(form: Form | undefined, kind: Kind): Values | undefined {
  return kind === 'UNSPECIFIED' ? undefined : (form?.[formNames[kind]] as Values | undefined);
}

export function formOfValues(kind: Exclude<Kind, 'UNSPECIFIED'>, values: Values): Form {
  return { [formNames[kind]]: values } as Form;
}

/* The ids of all files that the values name, at any depth. */
export function filesOf(schema: string, values: Values): string[] {
  return fieldsOf(schema).flatMap((field) => {
    if (field.file) return values[field.name] as string[];
    if (field.type !== 'rows') return [];
    return (values[field.name] as Values[]).flatMap((row) => filesOf(field.of ?? '', row));
  });
}

/* ---- what is wrong */

const checks: Record<string, (text: string) => string> = {
  mobile: checkMobile,
  phone_any: checkPhone,
  uscc: checkUscc,
  id_number: checkIdNumber,
};

function missing(field: Field, values: Values): string {
  if (!field.required || (field.unless && values[field.unless])) return '';
  if (field.type === 'flag') return `请先勾选：${field.label}。`;
  if (field.type === 'rows') return `请至少填写一条${field.label}。`;
  if (field.file) return `请上传${field.label}。`;
  return field.dictionary || field.check === 'date' || field.check === 'month' ? `请选择${field.label}。` : `请填写${field.label}。`;
}

/* One field's fault, or ''. */
export function faultOf(field: Field, values: Values): string {
  const value = values[field.name];
  if (value === undefined || value === '' || value === false || (Array.isArray(value) && value.length === 0)) return missing(field, values);
  if (Array.isArray(value)) return value.length < (field.min ?? 0) ? `${field.label}至少${field.min}${field.file ? '份' : '项'}。` : '';
  if (typeof value !== 'string') return '';
  if ([...value.trim()].length < (field.min ?? 0)) return `${field.label}至少${field.min}个字。`;
  return checks[field.check ?? '']?.(value) ?? '';
}

/* All of a form's; `path` names the row that it is. */
export function faultsOf(schema: string, values: Values, path = ''): Fault[] {
  return fieldsOf(schema).flatMap((field) => {
    const message = faultOf(field, values);
    const own = message ? [{ field: path + field.name, message }] : [];
    if (field.type !== 'rows') return own;
    const rows = values[field.name] as Values[];
    return [...own, ...rows.flatMap((row, place) => faultsOf(field.of ?? '', row, `${path}${field.name}.${place}.`))];
  });
}

/* ---- option lists */

export type Item = Schema<'certification.Dictionary'>['items'][number];

const RETRY_AFTER_MS = 5000;
const lists = new Map<string, ShallowRef<Item[]>>();

/* The items of an option list, empty until they have come; asked for once in a page's life. */
export function dictionary(name: string): ShallowRef<Item[]> {
  const known = lists.get(name);
  if (known) return known;
  const items = shallowRef<Item[]>([]);
  lists.set(name, items);
  api.getDictionary({ name }, { quiet: true }).then(
    (list) => (items.value = list.items),
    () => setTimeout(() => lists.delete(name), RETRY_AFTER_MS), // then who still needs it asks again
  );
  return items;
}

/* What is offered to a text that stays free: the names of its option list, those of several titles (中级(工程师/经济师)) one by one. */
export function suggestionsOf(field: Field): string[] {
  const names = dictionary(field.suggest ?? '').value.filter((item) => item.code !== 'OTHER').map((item) => item.name.replace('(旧)', ''));
  return [...new Set(names.flatMap((name) => {
    const [, grade = '', titles] = /^(.*)\((.*\/.*)\)$/.exec(name) ?? [];
    if (!titles) return [name];
    return titles.split('/').map((title) => (titles.startsWith(grade) && !title.startsWith(grade) ? grade + title : title));
  }))];
}

/* What the codes of an option list are called. */
export function namesOf(list: string, codes: string[]): string {
  const items = dictionary(list).value;
  return codes.map((code) => items.find((item) => item.code === code)?.name ?? code).join('、');
}

/* Lists of which another field chooses the part that is offered. */
const narrowed: Record<string, (items: Item[], values: Values) => Item[]> = {
  province_code: (items) => items.filter((item) => item.parent === ''),
  city_code: (items, values) => items.filter((item) => item.parent === values.province_code && item.parent !== ''),
  qualification_major: (items, values) => {
    const group = dictionary('qualification').value.find((item) => item.code === values.qualification_code)?.parent;
    const own = items.filter((item) => item.parent === group);
    return own.length > 0 ? own : items.filter((item) => item.parent === 'OTHER');
  },
};

export function optionsOf(field: Field, values: Values): Item[] {
  const { value } = dictionary(field.dictionary ?? '');
  return narrowed[field.name]?.(value, values) ?? value;
}

/* Codes without those that stand below another one of them: a parent covers its children. */
export function withoutCovered(items: Item[], codes: string[]): string[] {
  const parents = new Map(items.map((item) => [item.code, item.parent]));
  const isCovered = (code: string) => {
    for (let above = parents.get(code); above; above = parents.get(above)) if (codes.includes(above)) return true;
    return false;
  };
  return codes.filter((code) => !isCovered(code));
}

/* What a person reads of a value that is no file and no row. */
export function wordsOf(field: Field, value: Value | undefined): string {
  const nameOf = (code: string) =>
    field.dictionary ? (dictionary(field.dictionary).value.find((item) => item.code === code)?.name ?? code) : code;
  if (typeof value === 'boolean') return value ? '是' : '否';
  if (typeof value === 'string') return nameOf(value);
  return Array.isArray(value) ? value.map((one) => nameOf(String(one))).join('、') : '';
}

/* ---- two versions of a form */

/* The files that the values name, each with the path of its field and the words for it: 职业资格及职称1 · 证书附件. */
export interface NamedFile {
  id: string;
  path: string;
  label: string;
}

export function namedFilesOf(schema: string, values: Values, path = '', above = ''): NamedFile[] {
  return fieldsOf(schema).flatMap((field) => {
    const value = values[field.name];
    if (!Array.isArray(value)) return [];
    if (field.file) return (value as string[]).map((id) => ({ id, path: path + field.name, label: above + field.label }));
    if (field.type !== 'rows') return [];
    return (value as Values[]).flatMap((row, place) =>
      namedFilesOf(field.of ?? '', row, `${path}${field.name}.${place}.`, `${above}${field.label}${place + 1} · `));
  });
}

/* How much two rows say the same: of what either fills in, the part that is equal. */
function likeness(schema: string, one: Values, other: Values): number {
  const filled = fieldsOf(schema).filter(({ name, type }) => type !== 'flag' && ([one, other].some((row) => row[name]?.toString())));
  const equal = filled.filter(({ name }) => JSON.stringify(one[name]) === JSON.stringify(other[name]));
  return filled.length === 0 ? 0 : equal.length / filled.length;
}

/* Of each row the place of the row before that it was, or -1: a new one. Rows are known by what they say (a certificate by its
   number, an employment by unit and time …), not by their place; the most alike find each other first. */
export function pairRows(schema: string, rows: Values[], before: Values[]): number[] {
  const pairs = rows
    .flatMap((row, at) => before.map((old, from) => ({ at, from, like: likeness(schema, row, old) })))
    .filter(({ like }) => like >= 0.4)
    .sort((one, other) => other.like - one.like || Math.abs(one.at - one.from) - Math.abs(other.at - other.from));
  const found = rows.map(() => -1);
  for (const { at, from } of pairs) if (found[at] === -1 && !found.includes(from)) found[at] = from;
  return found;
}

/* The label of a path: qualifications.0.certificate_files → 职业资格及职称1 · 证书附件. */
export function labelOf(schema: string, path: string): string {
  const [name = '', place, ...rest] = path.split('.');
  const field = fieldsOf(schema).find((one) => one.name === name);
  if (!field) return path;
  if (place === undefined) return field.label;
  return `${field.label}${Number(place) + 1}${rest.length > 0 ? ` · ${labelOf(field.of ?? '', rest.join('.'))}` : ''}`;
}

/* What stands at a path. */
export function valueAt(values: Values | undefined, path: string): Value | undefined {
  return path.split('.').reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], values) as Value | undefined;
}
