import * as v from 'valibot';
import type { GenesysAccess } from '../../infra/stack-outputs.ts';
import type { GenesysSecret } from '../../lambda/aws/genesys-secret.ts';
import { regionDomain } from '../../lambda/config.ts';
import { createAxiosTransport } from '../../lambda/genesys/axios-transport.ts';
import { connect } from '../../lambda/genesys/connect.ts';
import { contactResponse } from '../../lambda/genesys/contact.ts';
import type { Outcome } from '../../lambda/genesys/outcome.ts';
import type { Transport } from '../../lambda/genesys/transport.ts';
import { startDeadline } from '../../lambda/guest/deadline.ts';
import { GuestError } from '../../lambda/guest/errors.ts';
import type { Clock } from '../../lambda/guest/ports.ts';
import { systemClock } from '../../lambda/time/system-clock.ts';
import type { ContactReceipt } from './receipt.ts';

const contactsPath = '/api/v2/externalcontacts/contacts';
const lookupPath = '/api/v2/externalcontacts/identifierlookup/contacts';
const plan = { endpoint: 'contact', limitBaseMs: 1000, repeat: 'always', followedBy: 1 } as const;
const timeoutMs = 60_000;

export interface ContactEraser {
  /** @param externalId digest of the customer's id, as the function gave it to Genesys */
  erase(externalId: string): Promise<ContactReceipt>;
}

const failures: Readonly<Record<string, string>> = {
  refused:
    'Genesys refused it: the OAuth client may lack a permission (externalContacts:contact:delete, externalContacts:contact:view)',
  malformed: 'Genesys sent a response that it does not document',
};

interface ContactEraserParts {
  readonly transport: Transport;
  readonly clock: Clock;
  /** Spreads the repeats of a call; from 0 up to 1. */
  readonly random?: () => number;
}

/** Deletes customers' contacts at Genesys, found by the ExternalId that the function gave them. */
export const createContactEraser = (
  { baseUrl, loginUrl = `https://login.${regionDomain(baseUrl)}` }: GenesysAccess,
  secret: GenesysSecret,
  externalSourceId: string,
  { transport, clock, random }: ContactEraserParts = {
    transport: createAxiosTransport(),
    clock: systemClock,
  },
): ContactEraser => {
  const { call } = connect({
    transport,
    clock,
    random,
    telemetry: { record: () => undefined },
    loginUrl,
    timeoutMs: 10_000,
    credentials: { current: async () => secret, refresh: async () => ({ secret }) },
    style: 'basic',
  });

  const receipt = (
    externalId: string,
    contact: ContactReceipt['contact'],
    reason?: string,
  ): ContactReceipt => ({
    contact,
    externalId,
    at: new Date(clock.now()).toISOString(),
    ...(reason !== undefined && { reason }),
  });
  const isMissing = (outcome: Outcome<unknown>): boolean =>
    outcome.kind === 'refused' && outcome.status === 404;
  const failed = (externalId: string, { kind }: Outcome<unknown>): ContactReceipt =>
    receipt(externalId, 'failed', failures[kind] ?? 'Genesys could not be reached');

  return {
    erase: async (externalId) => {
      const deadline = startDeadline(clock, timeoutMs);
      const identifier = {
        type: 'ExternalId',
        value: externalId,
        externalSource: { id: externalSourceId },
      };
      try {
        const found = await call(
          {
            plan,
            method: 'POST',
            url: `${baseUrl}${lookupPath}`,
            body: { json: identifier },
            schema: contactResponse,
            expected: [404],
          },
          deadline,
        );
        if (isMissing(found)) return receipt(externalId, 'absent');
        if (found.kind !== 'ok') return failed(externalId, found);
        const url = `${baseUrl}${contactsPath}/${encodeURIComponent(found.value.id)}`;
        const deleted = await call(
          { plan, method: 'DELETE', url, body: { json: {} }, schema: v.unknown(), expected: [404] },
          deadline,
        );
        return deleted.kind === 'ok' || isMissing(deleted)
          ? receipt(externalId, 'deleted')
          : failed(externalId, deleted);
      } catch (error) {
        if (!(error instanceof GuestError)) throw error;
        return receipt(
          externalId,
          'failed',
          error.code === 'rejected'
            ? 'Genesys refused the credentials'
            : 'Genesys could not be reached in time',
        );
      } finally {
        deadline.clear();
      }
    },
  };
};
