/* From the gateway's OpenAPI document ($GUILD_OPENAPI) to what the pages are compiled against:
   node_modules/.guild/contract.d.ts    the types
   node_modules/.guild/operations.json  verb, path and query names of each operation
   node_modules/.guild/forms.json       the fields of each form with their rules, in the contract's order
   A contract that changed breaks the compilation here, not a member's page. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import openapiTypescript, { astToString } from 'openapi-typescript';

const folder = new URL('../node_modules/.guild/', import.meta.url);

/* {"sendCode": {"verb": "POST", "path": "/api/v1/codes", "query": []}, …} */
function operationsOf(document) {
  const operations = {};
  for (const [path, verbs] of Object.entries(document.paths))
    for (const [verb, operation] of Object.entries(verbs))
      operations[operation.operationId] = {
        verb: verb.toUpperCase(),
        path,
        query: operation.parameters.filter((one) => one.in === 'query').map((one) => one.name),
      };
  return operations;
}

/* {"certification.OwnerUnitForm": [{"name": "unit_name", "label": "单位名称", "type": "text", "required": true, …}, …], …}
   of each schema whose fields have labels. type: text, flag, texts, rows (with `of`, the schema of a row). */
function formsOf(document) {
  const typeOf = (field) =>
    field.type === 'boolean' ? 'flag' : field.type !== 'array' ? 'text' : field.items.$ref ? 'rows' : 'texts';
  const fieldOf = ([name, field]) => ({
    name,
    label: field.title,
    type: typeOf(field),
    ...(field.items?.$ref && { of: field.items.$ref.split('/').at(-1) }),
    ...field['x-rule'],
  });
  return Object.fromEntries(
    Object.entries(document.components.schemas)
      .map(([name, schema]) => [name, Object.entries(schema.properties ?? {}).filter(([, field]) => field['x-rule']).map(fieldOf)])
      .filter(([, fields]) => fields.length > 0),
  );
}

const file = process.env.GUILD_OPENAPI;
if (!file) {
  console.error('Set GUILD_OPENAPI to the document that `guild-gateway --openapi` printed.');
  process.exit(2);
}
const document = JSON.parse(readFileSync(file, 'utf8'));
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('contract.d.ts', folder), astToString(await openapiTypescript(document)));
writeFileSync(new URL('operations.json', folder), JSON.stringify(operationsOf(document), null, 1));
writeFileSync(new URL('forms.json', folder), JSON.stringify(formsOf(document), null, 1));
