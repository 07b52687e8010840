import { byId, element } from '../element.ts';

interface Switch {
  readonly name: string;
  readonly text: string;
  /** What should happen, for the default provider. */
  readonly expect: string;
}

/** The names are those of local/tour.ts. */
const switches: readonly Switch[] = [
  { name: 'none', text: 'Nothing', expect: 'Every call is served.' },
  {
    name: 'limiting',
    text: 'Limiting',
    expect:
      'Genesys says to wait 12 s. The registration is queued, the page counts down and asks again, then the chat opens.',
  },
  {
    name: 'slow',
    text: 'Slow',
    expect: 'Each Genesys call takes 1.5 s more. The chat opens later; a repeat within the time budget.',
  },
  {
    name: 'down',
    text: 'Down',
    expect:
      'Genesys responds 503. The visitor hears that the chat is not available, and the client asks again.',
  },
  {
    name: 'bad-token',
    text: 'Bad token',
    expect:
      'Genesys refuses the OAuth token once. The function obtains a new one; the visitor notices nothing.',
  },
  {
    name: 'garbage',
    text: 'Garbage',
    expect:
      'Genesys sends half a JSON text. The API says 502 genesys_rejected, and nothing of the text reaches the visitor.',
  },
  {
    name: 'dead-crm',
    text: 'CRM down',
    expect: 'No table can be read or written. The chat opens all the same: enrichment “degraded”.',
  },
];

/** Shows the fault switches; one is on at a time. */
export const showFaultSwitches = (): void => {
  const place = byId('faults', HTMLFieldSetElement);
  const expectation = byId('fault-expect', HTMLParagraphElement);
  const buttons = switches.map(({ name, text, expect }) => {
    const button = element('button', { type: 'button', className: 'choice', textContent: text });
    button.setAttribute('aria-pressed', String(name === 'none'));
    button.addEventListener('click', async () => {
      const response = await fetch('/tour/fault', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ fault: name }),
      }).catch(() => undefined);
      if (!response?.ok) {
        expectation.textContent = 'The local stack did not hear that; is it still running?';
        return;
      }
      expectation.textContent = expect;
      for (const other of buttons) other.setAttribute('aria-pressed', String(other === button));
    });
    return button;
  });
  place.replaceChildren(...buttons);
  expectation.textContent = switches[0]?.expect ?? '';
};
