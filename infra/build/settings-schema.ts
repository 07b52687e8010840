import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { toJsonSchema } from '@valibot/to-json-schema';
import { settingMeanings } from '../setting-meanings.ts';
import { settingsSchema } from '../settings-schema.ts';

/** The settings as JSON schema, with their meanings: what an editor offers in `config/*.json`. */
export const settingsJsonSchema = (): object => {
  const schema = toJsonSchema(settingsSchema, {
    target: 'draft-07',
    typeMode: 'input',
    errorMode: 'ignore',
  });
  const properties = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    name,
    name in settingMeanings && typeof property === 'object'
      ? { description: settingMeanings[name], ...property }
      : property,
  ]);
  return { ...schema, title: 'Settings of one environment', properties: Object.fromEntries(properties) };
};

export const schemaFile = fileURLToPath(new URL('../../config/schema.json', import.meta.url));

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(schemaFile, `${JSON.stringify(settingsJsonSchema(), null, 2)}\n`);
  console.log('config/schema.json');
}
