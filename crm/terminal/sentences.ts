import { codeOf, UserError } from './problem.ts';

/** Sentences for failures of AWS that the CRM team can do something about. */
const awsSentences: Readonly<Record<string, string>> = {
  CredentialsProviderError:
    'No AWS credentials: name a --profile, or sign in first (aws sso login --profile …).',
  ExpiredTokenException: 'The AWS session has ended: sign in again (aws sso login --profile …).',
  ExpiredToken: 'The AWS session has ended: sign in again (aws sso login --profile …).',
  UnrecognizedClientException: 'AWS does not know these credentials: check --profile and --region.',
  InvalidClientTokenId: 'AWS does not know these credentials: check --profile and --region.',
  AccessDeniedException:
    'AWS refused it: this profile lacks a permission for it (the policy of the CRM team grants it).',
  AccessDenied:
    'AWS refused it: this profile lacks a permission for it (the policy of the CRM team grants it).',
  ResourceNotFoundException: 'There is no such table: check --env, --table, --region and --profile.',
};

const networkSentence =
  'The endpoint cannot be reached: is the network up, and the local stack running (npm start)?';

/** One sentence for a failure; never a value of a row, nor text that came from elsewhere. */
export const sentenceFor = (error: unknown): string => {
  if (error instanceof UserError) return error.message;
  const { name = 'error', message = '' } = error as Partial<Error>;
  const code = codeOf(error) ?? '';
  if (['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'ETIMEDOUT', 'ECONNRESET'].includes(code))
    return networkSentence;
  if (name === 'TimeoutError') return 'The endpoint did not respond in time: try again later.';
  if (code === 'ENOENT') return 'A file or folder that was named is not there.';
  if (code === 'ENOSPC') return 'The disk is full.';
  if (code === 'EACCES' || code === 'EROFS') return 'A file cannot be written there: permission is missing.';
  if (message.includes('Region is missing')) return 'Name the AWS --region (or set AWS_REGION).';
  return awsSentences[name] ?? `Something unexpected failed (${name}${code === '' ? '' : `, ${code}`}).`;
};
