import * as v from 'valibot';
import { type Answer, errorBody } from './answer.ts';
import type { CallLog } from './call-log.ts';
import type { Faults } from './faults.ts';
import type { Organisation } from './organisation.ts';

const refused = (message: string): Answer => ({ status: 400, body: errorBody(400, 'bad.request', message) });

const parse = (body: string): unknown => (body === '' ? {} : JSON.parse(body));

/**
 * The simulator's own endpoints: `POST|DELETE /_control/faults`, `POST /_control/settings`,
 * `POST /_control/reset`, `GET /_control/calls`, `GET /_control/conversations`, `GET /_control/guests`.
 */
export const answerControl = (
  method: string,
  path: string,
  body: string,
  { faults, log, organisation }: { faults: Faults; log: CallLog; organisation: Organisation },
): Answer => {
  try {
    switch (`${method} ${path}`) {
      case 'POST /_control/faults': {
        const wanted = parse(body);
        for (const fault of Array.isArray(wanted) ? wanted : [wanted]) faults.add(fault);
        return { status: 204 };
      }
      case 'DELETE /_control/faults':
        faults.clear();
        return { status: 204 };
      case 'POST /_control/settings':
        organisation.change(parse(body));
        return { status: 204 };
      case 'POST /_control/reset':
        faults.clear();
        log.clear();
        organisation.reset();
        return { status: 204 };
      case 'GET /_control/calls': {
        const calls = log.calls.map(({ headers: _, body: __, ...call }) => call);
        return { status: 200, body: { counts: log.counts, calls } };
      }
      case 'GET /_control/conversations':
        return { status: 200, body: { conversations: [...organisation.conversations.all.values()] } };
      case 'GET /_control/guests':
        return { status: 200, body: { guests: [...organisation.guests.all.values()] } };
      default:
        return { status: 404, body: errorBody(404, 'not.found', 'No such control endpoint') };
    }
  } catch (error) {
    if (error instanceof v.ValiError) {
      const issues: readonly v.BaseIssue<unknown>[] = error.issues;
      return refused(issues.map((issue) => `${v.getDotPath(issue) ?? 'body'}: ${issue.message}`).join('; '));
    }
    if (error instanceof SyntaxError) return refused('The body is not JSON');
    throw error;
  }
};
