import { byId, element } from '../element.ts';
import type { Choice } from './snippets.ts';

interface Visitor {
  readonly sessionId: string;
  readonly shows: string;
  readonly consentGiven: boolean;
}

export interface VisitorChoice {
  current(): Choice;
  onChange(listener: (choice: Choice) => void): void;
}

/** Shows the demo visitors; choosing one fills in session id and consent. */
export const showVisitors = async (): Promise<VisitorChoice> => {
  const sessionId = byId('session-id', HTMLInputElement);
  const consentGiven = byId('consent-given', HTMLInputElement);
  const consentType = byId('consent-type', HTMLSelectElement);
  const shows = byId('visitor-shows', HTMLParagraphElement);
  const list = byId('visitors', HTMLDivElement);
  const listeners: ((choice: Choice) => void)[] = [];
  const current = (): Choice => ({
    sessionId: sessionId.value,
    consentGiven: consentGiven.checked,
    consentType: consentType.value === 'implicit' ? 'implicit' : 'explicit',
  });
  const changed = (): void => {
    for (const listener of listeners) listener(current());
  };

  const response = await fetch('/demo-visitors.json').catch(() => undefined);
  const visitors: readonly Visitor[] = response?.ok ? await response.json() : [];
  const describe = (): void => {
    shows.textContent =
      visitors.find((visitor) => visitor.sessionId === sessionId.value)?.shows ?? 'A session of your own.';
  };
  const radios = visitors.map((visitor) => {
    const radio = element('input', { type: 'radio', name: 'visitor', value: visitor.sessionId });
    radio.addEventListener('change', () => {
      sessionId.value = visitor.sessionId;
      consentGiven.checked = visitor.consentGiven;
      describe();
      changed();
    });
    return radio;
  });
  list.replaceChildren(
    ...radios.map((radio) =>
      element('label', { className: 'choice' }, radio, radio.value.replace('demo-', '')),
    ),
  );
  sessionId.addEventListener('input', () => {
    for (const radio of radios) radio.checked = radio.value === sessionId.value;
    describe();
    changed();
  });
  consentGiven.addEventListener('change', changed);
  consentType.addEventListener('change', changed);
  radios[0]?.click();
  return { current, onChange: (listener) => void listeners.push(listener) };
};
