/* The fields that a reason can point at: those of the four forms and of their rows, each label once. */
import { controlName, fieldsOf, formSchemas } from '@shared/forms';

export interface FieldChoice {
  name: string;
  label: string;
}

function choicesOf(schema: string): FieldChoice[] {
  return fieldsOf(schema).flatMap((field) => [
    { name: field.name, label: controlName(field) },
    ...(field.type === 'rows' ? choicesOf(field.of ?? '').map((one) => ({ name: one.name, label: `${one.label}（${field.label}）` })) : []),
  ]);
}

export const fieldChoices: FieldChoice[] = [
  ...new Map(Object.values(formSchemas).flatMap(choicesOf).map((one) => [one.name, one] as const).reverse()).values(),
].reverse();

export const fieldLabels = (names: string[]): string[] => names.map((name) => fieldChoices.find((one) => one.name === name)?.label ?? name);
