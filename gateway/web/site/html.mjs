/* html`…${value}…`: text with its values escaped; another html`…`, or a list of them, goes in as it is. */
class Html {
  constructor(text) {
    this.text = text;
  }
  toString() {
    return this.text;
  }
}

const signs = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function show(value) {
  if (value instanceof Html) return value.text;
  if (Array.isArray(value)) return value.map(show).join('');
  if (value === false || value === undefined || value === '') return '';
  return String(value).replace(/[&<>"]/g, (sign) => signs[sign]);
}

export function html(texts, ...values) {
  return new Html(texts.map((text, place) => text + (place < values.length ? show(values[place]) : '')).join(''));
}

/* A drawing that was made by a library. */
export const asIs = (text) => new Html(text);
