import { copyButton, element } from '../element.ts';

/** What the person chose. */
export interface Choice {
  readonly sessionId: string;
  readonly consentGiven: boolean;
  readonly consentType: 'explicit' | 'implicit';
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const writers: Readonly<Record<string, (choice: Choice, endpoint: string) => string>> = {
  curl: (choice, endpoint) =>
    `curl -s ${endpoint} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(JSON.stringify(choice))}`,
  fetch: (choice, endpoint) =>
    `const response = await fetch(${JSON.stringify(endpoint)}, {
  method: 'POST',
  headers: { 'Content-Type': 'application/json' },
  body: JSON.stringify(${JSON.stringify(choice)}),
});
// 202: repeat it after Retry-After. 4xx, 5xx: problem+json.
const guest = await response.json();`,
  client: ({ sessionId, ...consent }, endpoint) =>
    `import { createGuestClient } from 'guest-profiles-client';

const client = createGuestClient({
  endpoint: ${JSON.stringify(endpoint)},
  sessionId: ${JSON.stringify(sessionId)}, // left out: a random one is made and kept
});
const guest = await client.init(${JSON.stringify(consent)});`,
};

/** Code for the chosen case, in three forms. @returns shows the code for another choice */
export const showSnippets = (place: HTMLElement, endpoint: string): ((choice: Choice) => void) => {
  let form = 'curl';
  let shown: Choice = { sessionId: '', consentGiven: true, consentType: 'explicit' };
  const code = element('code');
  const text = (): string => writers[form]?.(shown, endpoint) ?? '';
  const pre = element('pre', { tabIndex: 0 }, code);
  pre.setAttribute('aria-label', 'Code');
  const buttons = Object.keys(writers).map((name) => {
    const button = element('button', { type: 'button', className: 'choice', textContent: name });
    button.addEventListener('click', () => {
      form = name;
      draw();
    });
    return button;
  });
  const draw = (): void => {
    code.textContent = text();
    for (const button of buttons) button.setAttribute('aria-pressed', String(button.textContent === form));
  };
  place.replaceChildren(
    element('div', { className: 'choices' }, ...buttons, copyButton('the code', text)),
    pre,
  );
  draw();
  return (choice) => {
    shown = choice;
    draw();
  };
};
