import type { InitResponse } from '../lambda/contract.ts';
import { element } from './element.ts';
import type { GuestClientError, OpenedGuest, Step } from './guest-client.ts';

const enrichmentTexts: Readonly<Record<InitResponse['enrichment'], string>> = {
  matched: 'The CRM knows this visitor.',
  not_found: 'The CRM does not know this visitor: an anonymous profile.',
  no_consent: 'No consent: the CRM was not asked.',
  degraded: 'The CRM could not be asked in time: an anonymous profile, the chat opens all the same.',
};

const shortened = (token: string): string =>
  token.length <= 16 ? '•'.repeat(token.length) : `${token.slice(0, 6)}…${token.slice(-4)}`;

const definition = (term: string, ...content: readonly (Node | string)[]): Node[] => [
  element('dt', { textContent: term }),
  element('dd', {}, ...content),
];

const tokenView = (token: string): readonly Node[] => {
  const text = element('code', { textContent: shortened(token) });
  const button = element('button', { type: 'button', className: 'small', textContent: 'Show token' });
  button.setAttribute('aria-pressed', 'false');
  button.addEventListener('click', () => {
    const show = button.getAttribute('aria-pressed') === 'false';
    button.setAttribute('aria-pressed', String(show));
    button.textContent = show ? 'Hide token' : 'Show token';
    text.textContent = show ? token : shortened(token);
  });
  return [text, button];
};

const expiryText = (expiresAt: string): string => {
  const minutes = Math.round((Date.parse(expiresAt) - Date.now()) / 60_000);
  const span = minutes < 120 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
  return `${new Date(expiresAt).toLocaleString()} (in ${span})`;
};

const attributesView = (attributes: InitResponse['crmAttributes']): readonly Node[] => {
  const entries = Object.entries(attributes);
  const heading = element('h3', { textContent: 'CRM attributes' });
  if (entries.length === 0) return [heading, element('p', { className: 'hint', textContent: 'None.' })];
  return [
    heading,
    element(
      'dl',
      { id: 'attributes' },
      ...entries.flatMap(([name, value]) =>
        definition(name, element('code', { textContent: String(value) })),
      ),
    ),
  ];
};

const stepsView = (steps: readonly Step[]): readonly Node[] => {
  const longestMs = Math.max(...steps.map(({ durationMs }) => durationMs), 1);
  return [
    element('h3', { textContent: 'How long each step took' }),
    element(
      'ul',
      { className: 'steps', id: 'steps' },
      ...steps.map(({ name, durationMs }) => {
        const filled = element('div');
        filled.style.width = `${Math.max(1, (durationMs / longestMs) * 100)}%`;
        return element(
          'li',
          {},
          element('span', { textContent: name }),
          element('span', { textContent: `${durationMs.toFixed(1)} ms` }),
          element('div', { className: 'bar' }, filled),
        );
      }),
    ),
  ];
};

/** What a served visitor gets. */
export const guestView = ({ guest, durationMs, attempts, steps }: OpenedGuest): readonly Node[] => {
  const { guestId, accessToken, expiresAt, enrichment, crmAttributes, messaging } = guest;
  const allSteps = [{ name: 'From the click to the answer', durationMs }, ...steps];
  return [
    element(
      'dl',
      {},
      ...definition('Guest', element('code', { id: 'guest-id', textContent: guestId })),
      ...definition('Token', ...tokenView(accessToken)),
      ...definition('Valid until', expiryText(expiresAt)),
      ...definition('Enrichment', element('code', { textContent: enrichment }), enrichmentTexts[enrichment]),
      ...(attempts > 1 ? definition('Requests', String(attempts)) : []),
      ...(messaging === undefined
        ? []
        : definition('Messaging', element('code', { textContent: messaging.websocketUrl }))),
    ),
    ...attributesView(crmAttributes),
    ...stepsView(allSteps),
  ];
};

/** What went wrong, with what a person can do about it. */
export const problemView = ({ code, message, details }: GuestClientError): readonly Node[] => {
  const { status, problem, retryable } = details;
  // The title stands above already.
  const repeats = problem !== undefined && message.replace(/\.$/, '') === problem.title;
  return [
    ...(repeats ? [] : [element('p', { textContent: message })]),
    ...(problem?.errors === undefined
      ? []
      : [
          element(
            'ul',
            { className: 'faults' },
            ...problem.errors.map((fault) =>
              element('li', {}, element('code', { textContent: fault.path }), ` ${fault.message}`),
            ),
          ),
        ]),
    element(
      'dl',
      {},
      ...definition('Code', element('code', { textContent: code })),
      ...(status === undefined ? [] : definition('HTTP status', String(status))),
      ...(problem === undefined
        ? []
        : definition('Request id', element('code', { textContent: problem.requestId }))),
      ...(problem?.retryAfterSeconds === undefined
        ? []
        : definition('Try again after', `${problem.retryAfterSeconds} s`)),
      ...definition(
        'What now',
        retryable ? 'Send it again in a moment.' : 'Sending it again unchanged will not help.',
      ),
    ),
  ];
};
