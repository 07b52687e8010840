import velocity from 'velocityjs';

/** The macros of Genesys' data actions that exported files are seen to use. */
const escapes = {
  jsonString: (text: unknown): string => JSON.stringify(String(text)).slice(1, -1),
  url: (text: unknown): string => encodeURIComponent(String(text)),
  quote: '"',
} as const;

/** The first entry of an array that was rendered as JSON, as JSON; the fallback where it has none. */
const firstFromArray = (rendered: unknown, fallback = ''): string => {
  const list: unknown = JSON.parse(String(rendered));
  if (!Array.isArray(list)) throw new Error('firstFromArray was given something else than an array.');
  return list.length === 0 ? fallback : JSON.stringify(list[0]);
};

/** Renders a template of a request, with the input of the action. */
export const renderRequest = (template: string, input: Readonly<Record<string, unknown>>): string =>
  velocity.render(template, { esc: escapes, input: { ...input, rawRequest: JSON.stringify(input) } });

/** Renders the template of a successful response, with its raw text and the translated values. */
export const renderResponse = (
  template: string,
  rawResult: string,
  translated: Readonly<Record<string, string>>,
): string =>
  velocity.render(template, {
    esc: escapes,
    successTemplateUtils: { firstFromArray },
    rawResult,
    ...translated,
  });
