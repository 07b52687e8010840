import { copyButton, element } from '../element.ts';
import type { Exchange } from './exchange.ts';

const pretty = (text: string): string => {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
};

const headerLines = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\n`)
    .join('');

/** The token is a secret: it is shown when asked for. */
const masked = (text: string): string =>
  text.replace(/("accessToken": ?")([^"]{6})[^"]*([^"]{4})"/, '$1$2…$3"');

const block = (title: string, text: string, buttons: readonly Node[]): HTMLElement => {
  const pre = element('pre', { tabIndex: 0 }, element('code', { textContent: text }));
  pre.setAttribute('aria-label', title);
  return element(
    'div',
    { className: 'block' },
    element(
      'div',
      { className: 'block-head' },
      element('h4', { textContent: title }),
      ...buttons,
      copyButton(title.toLowerCase(), () => text),
    ),
    pre,
  );
};

const tokenButton = (response: HTMLElement, full: string): HTMLButtonElement => {
  const button = element('button', { type: 'button', className: 'small', textContent: 'Show token' });
  button.setAttribute('aria-pressed', 'false');
  button.addEventListener('click', () => {
    const show = button.getAttribute('aria-pressed') === 'false';
    button.setAttribute('aria-pressed', String(show));
    const code = response.querySelector('code');
    if (code !== null) code.textContent = show ? full : masked(full);
  });
  return button;
};

/** The exact request and response. */
export const exchangeView = (exchange: Exchange): readonly Node[] => {
  const request = `POST ${exchange.url}\n${headerLines(exchange.requestHeaders)}\n${pretty(exchange.requestBody)}`;
  const response =
    exchange.status === undefined
      ? 'No response: the connection broke.'
      : `${exchange.status}\n${headerLines(exchange.responseHeaders)}\n${pretty(exchange.responseBody)}`;
  const shown = block('Response', response, []);
  if (masked(response) !== response) {
    const code = shown.querySelector('code');
    if (code !== null) code.textContent = masked(response);
    shown.querySelector('h4')?.after(tokenButton(shown, response));
  }
  return [element('div', { className: 'blocks' }, block('Request', request, []), shown)];
};
