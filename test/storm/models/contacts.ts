import type { TransportRequest } from '../../../lambda/genesys/transport.ts';

/** A customer's contact in External Contacts. */
export interface Contact {
  readonly id: string;
  readonly externalId: string;
}

/** What was done to a contact, at the moment at which it took effect. */
export interface ContactChange {
  readonly kind: 'written' | 'deleted';
  readonly contact: Contact;
  readonly body: string;
}

interface Enrich {
  readonly matchingIdentifiers: readonly { readonly value: string }[];
}

/** External Contacts: one contact for each ExternalId; upsert, look-up, delete. */
export const createContacts = (onChange: (change: ContactChange) => void) => {
  const contacts = new Map<string, Contact>();
  let made = 0;

  return {
    all: (): Contact[] => [...contacts.values()],

    /** @returns status and body of the response */
    serve: ({ method, url, body }: TransportRequest): readonly [status: number, body: object] => {
      if (method === 'DELETE') {
        const id = decodeURIComponent(url.split('/').at(-1) ?? '');
        const contact = [...contacts.values()].find((one) => one.id === id);
        if (contact === undefined) return [404, { code: 'not.found' }];
        contacts.delete(contact.externalId);
        onChange({ kind: 'deleted', contact, body });
        return [200, {}];
      }
      if (url.includes('/identifierlookup/')) {
        const contact = contacts.get((JSON.parse(body) as { value: string }).value);
        return contact === undefined ? [404, { code: 'not.found' }] : [200, { id: contact.id }];
      }
      const externalId = (JSON.parse(body) as Enrich).matchingIdentifiers[0]?.value ?? '';
      const known = contacts.get(externalId);
      if (known === undefined) made += 1;
      const contact = known ?? { id: `contact-${made}`, externalId };
      contacts.set(externalId, contact);
      onChange({ kind: 'written', contact, body });
      return [200, { id: contact.id }];
    },
  };
};
