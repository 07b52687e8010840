import { guestView, problemView } from './answer-view.ts';
import { byId } from './element.ts';
import { createGuestClient, GuestClientError, type Waiting } from './guest-client.ts';
import { showVisitors } from './visitor-choice.ts';

type Kind = 'good' | 'wait' | 'bad' | 'none';

const client = createGuestClient({ endpoint: '/api/webchat/init' });
const form = byId('form', HTMLFormElement);
const sendButton = byId('send', HTMLButtonElement);
const cancelButton = byId('cancel', HTMLButtonElement);
const status = byId('status', HTMLParagraphElement);
const result = byId('result', HTMLElement);
const answer = byId('answer', HTMLDivElement);

const show = (kind: Kind, text: string, content: readonly Node[] = []): void => {
  status.dataset['kind'] = kind;
  status.textContent = text;
  answer.replaceChildren(...content);
};

/** On a narrow screen the answer is below the form, on a wide one it may be scrolled away above. */
const bringIntoView = (): void => {
  const { top, bottom } = status.getBoundingClientRect();
  if (top >= 0 && bottom <= window.innerHeight) return;
  const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
  result.scrollIntoView({ block: 'start', behavior: calm ? 'auto' : 'smooth' });
};

const setBusy = (busy: boolean): void => {
  sendButton.disabled = busy;
  cancelButton.hidden = !busy;
  form.setAttribute('aria-busy', String(busy));
};

const showWaiting = ({ attempt, retryAfterSeconds }: Waiting): void =>
  show(
    'wait',
    `Genesys Cloud is busy; the registration is queued. Asking again in ${retryAfterSeconds} s (request ${attempt + 1}).`,
  );

const showFailure = (error: unknown, aborted: boolean): void => {
  if (aborted) show('none', 'Cancelled.');
  else if (error instanceof GuestClientError) {
    show('bad', error.details.problem?.title ?? 'The door did not open', problemView(error));
  } else show('bad', 'The page itself failed; its console says more.');
};

const openDoor = async (): Promise<void> => {
  const fields = new FormData(form);
  const cancelled = new AbortController();
  cancelButton.onclick = () => cancelled.abort();
  setBusy(true);
  show('none', 'Opening …');
  bringIntoView();
  try {
    const opened = await client.open(
      {
        sessionId: String(fields.get('sessionId') ?? ''),
        consentGiven: fields.has('consentGiven'),
        consentType: fields.get('consentType') === 'implicit' ? 'implicit' : 'explicit',
      },
      { signal: cancelled.signal, onWaiting: showWaiting },
    );
    show('good', 'The door is open.', guestView(opened));
  } catch (error) {
    showFailure(error, cancelled.signal.aborted);
    if (!(error instanceof GuestClientError) && !cancelled.signal.aborted) throw error;
  } finally {
    setBusy(false);
  }
};

form.addEventListener('submit', (event) => {
  event.preventDefault();
  void openDoor();
});
void showVisitors();
