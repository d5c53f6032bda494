/* What is wrong with single fields: collected while a case is read, sent with the refusal. */
import type { Schema } from '@shared/api';
import type { Box } from '@shared/boxes';
import { labelOf, namedFilesOf, type Values } from '@shared/forms';
import { computed, reactive } from 'vue';

export type FieldVerdict = Schema<'certification.FieldVerdict'>;

const BLURRED = '此处不清晰';

export function useVerdicts(schema: () => string, submitted: () => Values | undefined) {
  const verdicts = reactive<FieldVerdict[]>([]);

  const files = computed(() => namedFilesOf(schema(), submitted() ?? {}));

  function of(field: string): FieldVerdict {
    const known = verdicts.find((one) => one.field === field);
    if (known) return known;
    verdicts.push({ field, reason_codes: [], note: '', boxes: [] });
    return verdicts.at(-1) as FieldVerdict;
  }

  function drop(field: string): void {
    const place = verdicts.findIndex((one) => one.field === field);
    if (place >= 0) verdicts.splice(place, 1);
  }

  /* A box belongs to the field that the picture is of. */
  function mark(box: Box): void {
    const file = files.value.find((one) => one.id === box.attachment_id);
    if (!file) return;
    const verdict = of(file.path);
    verdict.boxes.push(box);
    if (!verdict.note && verdict.reason_codes.length === 0) verdict.note = BLURRED;
  }

  function clear(): void {
    verdicts.splice(0);
  }

  return {
    verdicts, files, of, drop, mark, clear,
    boxes: computed(() => verdicts.flatMap((one) => one.boxes)),
    label: (field: string) => labelOf(schema(), field),
    pictureOf: (field: string) => files.value.find((one) => one.path === field)?.id,
  };
}

/* What the verdicts say, by path, for reading: the reasons' words and the note. */
export function wordsByField(verdicts: FieldVerdict[], reasons: Schema<'certification.RejectReason'>[]): Record<string, string[]> {
  return Object.fromEntries(verdicts.map((one) => [one.field, [
    ...one.reason_codes.map((code) => reasons.find((reason) => reason.code === code)?.text ?? code),
    ...(one.note ? [one.note] : []),
    ...(one.boxes.length > 0 ? [`图上框出${one.boxes.length}处`] : []),
  ]]));
}
