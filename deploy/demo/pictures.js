/* Rendered papers: the templates of pictures/ with their {{words}} filled in, as PNG. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');

const escaped = (text) => String(text).replace(/[&<>]/g, (c) => `&#${c.charCodeAt(0)};`);

/* The PNG, or PDF, of a template; words holds a text for each of its {{names}}. */
function picture(template, words, format = 'png') {
  const svg = fs.readFileSync(path.join(__dirname, 'pictures', `${template}.svg`), 'utf8')
    .replace(/{{(\w+)}}/g, (_, name) => escaped(words[name]));
  return new Promise((resolve, reject) => {
    const parts = [];
    const drawing = spawn('rsvg-convert', ['--format', format, '--background-color', 'white'], { stdio: ['pipe', 'pipe', 'inherit'] });
    drawing.on('error', reject);
    drawing.stdout.on('data', (part) => parts.push(part));
    drawing.on('close', (status) => (status === 0 ? resolve(Buffer.concat(parts)) :
      reject(new Error(`rsvg-convert ended with ${status} on ${template}.svg`))));
    drawing.stdin.end(svg);
  });
}

module.exports = { picture };
