import { createHash } from 'node:crypto';
import type { GenesysSecret } from '../../lambda/aws/genesys-secret.ts';
import { enrichBody } from '../../lambda/genesys/contact.ts';
import { type AttributeMap, type Profile, profileDigest } from '../../lambda/guest/profile.ts';
import type { Target, TargetOptions } from '../store/target.ts';
import type { Context } from '../store/target-options.ts';
import { UserError } from '../terminal/problem.ts';
import { ask } from '../terminal/terminal.ts';
import type { Contacts } from './erase-subject.ts';
import { createContactEraser } from './genesys-contact.ts';
import { type ErasureList, readList } from './read-list.ts';
import { customerSubject, hashSubject, type Subject, sessionSubject, withoutRepeats } from './subjects.ts';

export interface EraseCommandOptions extends TargetOptions {
  readonly sessionId?: string;
  readonly sessionHash?: string;
  readonly crmId?: string;
  readonly file?: string;
  readonly encoding?: string;
  readonly delimiter?: string;
  readonly externalSourceId?: string;
  readonly attributeMap?: string;
  readonly settleSeconds: number;
  readonly receipt?: string;
  readonly journal?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Everybody who is named by an option or in a list. */
export const collect = async (
  options: EraseCommandOptions,
  context: Context,
  secret: GenesysSecret | undefined,
) => {
  const keys = secret?.sessionHashKeys ?? [];
  const { terminal } = context;
  const given = async (value: string): Promise<string> => (value === '-' ? await ask(terminal, '') : value);
  const { sessionId, sessionHash, crmId, file, encoding, delimiter } = options;
  const subjects: Subject[] = [];
  if (sessionId !== undefined) subjects.push(sessionSubject(await given(sessionId), keys, '--session-id'));
  if (sessionHash !== undefined) subjects.push(hashSubject(sessionHash, '--session-hash'));
  if (crmId !== undefined) subjects.push(customerSubject(await given(crmId), '--crm-id'));
  const list: ErasureList | undefined =
    file === undefined ? undefined : await readList(file, { encoding, delimiter }, keys, terminal.in);
  return { subjects: withoutRepeats([...subjects, ...(list?.subjects ?? [])]), list };
};

/** What deletes contacts at Genesys; or why there is nothing to delete. */
export const contactsOf = (
  target: Target,
  secret: GenesysSecret | undefined,
  { externalSourceId = target.genesys?.externalSourceId }: EraseCommandOptions,
): Contacts => {
  const { genesys } = target;
  if (genesys === undefined)
    return { missing: 'Genesys is not known for this target: a contact there was not looked for.' };
  if (genesys.provider !== 'web-messaging') {
    return {
      missing: `Provider ${genesys.provider} has no call that deletes a guest at Genesys; its own retention applies.`,
    };
  }
  if (secret?.externalIdKey === undefined)
    return { missing: 'The secret has no externalIdKey: customers have no contact at Genesys.' };
  if (externalSourceId === undefined) {
    throw new UserError(
      'Customers may have a contact at Genesys: name its --external-source-id, as the function has it.',
    );
  }
  return createContactEraser(genesys, secret, externalSourceId);
};

/** Digests of a profile that the registry keeps: of what a guest, and of what a contact was told. */
export const digester =
  (map: AttributeMap, externalSourceId: string | undefined) =>
  (profile: Profile): readonly string[] => [
    profileDigest(profile, map),
    ...(externalSourceId === undefined
      ? []
      : [
          createHash('sha256')
            .update(JSON.stringify(enrichBody(profile, profile.crmId ?? '', externalSourceId, map)))
            .digest('base64url'),
        ]),
  ];
