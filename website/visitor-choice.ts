import { byId, element } from './element.ts';

interface Visitor {
  readonly sessionId: string;
  readonly shows: string;
  readonly consentGiven: boolean;
}

const card = ({ sessionId, shows }: Visitor, choose: () => void): HTMLElement => {
  const radio = element('input', { type: 'radio', name: 'visitor', value: sessionId });
  radio.addEventListener('change', choose);
  return element(
    'label',
    { className: 'visitor' },
    radio,
    element('code', { textContent: sessionId }),
    element('span', { textContent: shows }),
  );
};

/** Shows the demo visitors; choosing one fills the form in. Without any (another server) the form stands alone. */
export const showVisitors = async (): Promise<void> => {
  const sessionId = byId('session-id', HTMLInputElement);
  const consent = byId('consent-given', HTMLInputElement);
  const list = byId('visitors', HTMLDivElement);
  sessionId.addEventListener('input', () => {
    for (const radio of list.querySelectorAll('input')) radio.checked = radio.value === sessionId.value;
  });
  const response = await fetch('/demo-visitors.json').catch(() => undefined);
  const visitors: readonly Visitor[] = response?.ok ? await response.json() : [];
  const cards = visitors.map((visitor) =>
    card(visitor, () => {
      sessionId.value = visitor.sessionId;
      consent.checked = visitor.consentGiven;
    }),
  );
  list.replaceChildren(...cards);
  cards[0]?.querySelector('input')?.click();
};
