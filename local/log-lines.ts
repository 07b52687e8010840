import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

const styles: Readonly<Record<string, Style>> = {
  DEBUG: 'gray',
  INFO: 'cyan',
  WARN: 'yellow',
  ERROR: 'red',
  CRITICAL: 'red',
};

const parse = (line: string): Record<string, unknown> | undefined => {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined;
  } catch {
    return undefined;
  }
};

/** A line of the function's log for people; `undefined` for metrics, which only machines read. */
export const readableLine = (line: string, colour: boolean): string | undefined => {
  const entry = parse(line);
  if (entry === undefined) return line;
  if ('_aws' in entry) return undefined;
  const { level, timestamp, message, code, requestId, ...fields } = entry;
  const paint = (style: Style, text: string): string =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  const name = String(level ?? 'INFO');
  const at = new Date(String(timestamp ?? ''));
  const time = Number.isNaN(at.getTime()) ? '' : at.toTimeString().slice(0, 8);
  const rest = Object.entries(fields).map(
    ([key, value]) => `${key}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  if (typeof requestId === 'string') rest.push(`request=${requestId.slice(0, 8)}`);
  return [
    paint('gray', time),
    paint(styles[name] ?? 'cyan', name.toLowerCase().padEnd(5)),
    String(message ?? code ?? ''),
    paint('gray', rest.join(' ')),
  ]
    .filter((part) => part !== '')
    .join('  ');
};
