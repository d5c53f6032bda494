/* deploy/compose.yaml and deploy/kubernetes as they are meant: references followed, merged, variables of the caller put in. */
'use strict';
const fs = require('node:fs');
const path = require('node:path');

const root = path.resolve(__dirname, '../..');
const yaml = require(path.join(root, 'gateway/web/node_modules/js-yaml'));
const compose = path.join(root, 'deploy/compose.yaml');
const kubernetes = path.join(root, 'deploy/kubernetes');

/* ${NAME:-otherwise} */
function interpolated(value, variables) {
  if (typeof value === 'string')
    return value.replace(/\$\{(\w+):-([^}]*)\}/g, (_, name, otherwise) => variables[name] || otherwise);
  if (Array.isArray(value)) return value.map((one) => interpolated(one, variables));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, interpolated(one, variables)]));
  return value;
}

const readCompose = (variables = {}) => interpolated(yaml.load(fs.readFileSync(compose, 'utf8')), variables);

/* Every object of every file that kustomization.yaml lists, and that itself. */
function readKubernetes() {
  const kustomization = yaml.load(fs.readFileSync(path.join(kubernetes, 'kustomization.yaml'), 'utf8'));
  const objects = kustomization.resources.flatMap((file) => yaml.loadAll(fs.readFileSync(path.join(kubernetes, file), 'utf8')));
  return { kustomization, objects };
}

module.exports = { kubernetes, readCompose, readKubernetes, root };
