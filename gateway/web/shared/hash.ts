/* SHA-256 in hex; '' where the browser has none (a page that did not come over HTTPS). */
export async function hashOf(content: BufferSource): Promise<string> {
  if (!isSecureContext) return '';
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', content));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
