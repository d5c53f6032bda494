/* Boxes on pictures: ten-thousandths of the picture's width and height, so that they fit it at any size. */
import type { Schema } from './api';

export type Box = Schema<'certification.Box'>;
export type Part = Omit<Box, 'attachment_id'>;

export const WHOLE = 10_000;
const LEAST = 150; // smaller is a slip of the hand

export function boxStyle(box: Part): Record<string, string> {
  return { left: `${box.left / 100}%`, top: `${box.top / 100}%`, width: `${box.width / 100}%`, height: `${box.height / 100}%` };
}

const within = (value: number, most: number) => Math.round(Math.min(most, Math.max(0, value)));

/* Between two points (parts of 1); undefined: too small to be meant. */
export function boxBetween(one: { x: number; y: number }, other: { x: number; y: number }): Part | undefined {
  const left = within(Math.min(one.x, other.x) * WHOLE, WHOLE), right = within(Math.max(one.x, other.x) * WHOLE, WHOLE);
  const top = within(Math.min(one.y, other.y) * WHOLE, WHOLE), bottom = within(Math.max(one.y, other.y) * WHOLE, WHOLE);
  if (right - left < LEAST || bottom - top < LEAST) return undefined;
  return { left, top, width: right - left, height: bottom - top };
}

/* Moved, or with `grow` made larger or smaller, and still on the picture. */
export function boxMoved(box: Part, dx: number, dy: number, grow: boolean): Part {
  if (grow) {
    const width = Math.max(LEAST, Math.min(WHOLE - box.left, box.width + dx)), height = Math.max(LEAST, Math.min(WHOLE - box.top, box.height + dy));
    return { ...box, width, height };
  }
  return { ...box, left: within(box.left + dx, WHOLE - box.width), top: within(box.top + dy, WHOLE - box.height) };
}
