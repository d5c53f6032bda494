/* Photographs are made smaller before they are sent: a phone's 8 MB become one, and what is larger than may be sent fits. */

const SIDE_MAX = 3508; // A4 at 300 dpi: what the server keeps
const PLAIN_BYTES = 1024 * 1024; // smaller files are sent as they are
const QUALITY = 0.9;

/* The same picture, upright, as a smaller JPEG; the file itself where that is not possible or saves nothing. */
export async function shrink(file: File): Promise<File> {
  if (!/^image\/(jpeg|png|webp)$/.test(file.type) || file.size <= PLAIN_BYTES) return file;
  const picture = await createImageBitmap(file).catch(() => undefined);
  if (!picture) return file; // the server says what is wrong with it
  const scale = Math.min(1, SIDE_MAX / Math.max(picture.width, picture.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(picture.width * scale));
  canvas.height = Math.max(1, Math.round(picture.height * scale));
  const context = canvas.getContext('2d');
  if (!context) return file;
  context.fillStyle = '#fff'; // what was transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY));
  return made && made.size < file.size ? new File([made], file.name, { type: 'image/jpeg' }) : file;
}
