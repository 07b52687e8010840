import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkSettings, type Settings, SettingsError } from './settings.ts';

/** The folder of the environments, a file each; `-c config=<folder>` names another. */
export const configFolder = fileURLToPath(new URL('../config', import.meta.url));

const schemaName = 'schema';

/** Names of the environments in a folder. */
export const environmentNames = (folder: string = configFolder): readonly string[] =>
  !existsSync(folder)
    ? []
    : readdirSync(folder)
        .filter((file) => file.endsWith('.json'))
        .map((file) => file.slice(0, -'.json'.length))
        .filter((name) => name !== schemaName)
        .sort();

const read = (file: string): unknown => {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new SettingsError(`${file} cannot be read: ${error instanceof Error ? error.message : error}.`);
  }
};

/**
 * Settings of a named environment, checked and complete.
 * @throws SettingsError for an unknown environment (it lists the known ones) and for faulty settings
 */
export const settingsOf = (name: string | undefined, folder: string = configFolder): Settings => {
  const names = environmentNames(folder);
  if (name === undefined || !names.includes(name)) {
    const what = name === undefined ? 'No environment was named' : `Environment ${name} is not known`;
    const known = names.length === 0 ? `(there are none in ${folder})` : `with one of ${names.join(', ')}`;
    throw new SettingsError(`${what}; use -c env=<name> ${known}.`);
  }
  return checkSettings(name, read(join(folder, `${name}.json`)));
};

/** Settings that still are the examples of a fresh clone. */
export const examplesLeft = ({
  allowedOrigins,
  pageEmails,
  ticketEmails,
}: Pick<Settings, 'allowedOrigins' | 'pageEmails' | 'ticketEmails'>): string[] =>
  [...allowedOrigins, ...pageEmails, ...ticketEmails].filter((value) => /(^|[/@.])example\.com$/.test(value));
