import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const ivBytes = 12;
const tagBytes = 16;
const version = 'v1.';

/** HKDF-SHA-256 (RFC 5869) from the client secret, a different key for each purpose. */
const keyFor = (clientSecret: string, purpose: string): Uint8Array =>
  new Uint8Array(hkdfSync('sha256', clientSecret, 'guest-profiles', `seal:${purpose}`, keyBytes));

/**
 * Encrypts a text with AES-256-GCM under a key derived from the client secret: who reads the table alone learns
 * nothing, and a rotated secret makes old entries unreadable.
 * @param purpose what the text is and whose; a sealed text cannot be moved to another entry
 */
export const seal = (text: string, clientSecret: string, purpose: string): string => {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, keyFor(clientSecret, purpose), iv);
  cipher.setAAD(Buffer.from(purpose));
  const content = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
  return version + Buffer.concat([iv, cipher.getAuthTag(), content]).toString('base64url');
};

/** The text that was sealed; undefined where it cannot be read (rotated secret, other purpose, tampered with). */
export const open = (sealed: string, clientSecret: string, purpose: string): string | undefined => {
  const bytes = Buffer.from(sealed.slice(version.length), 'base64url');
  // A text has one spelling: what is remembered by its digest must not come back padded or with stray bits.
  if (sealed !== version + bytes.toString('base64url')) return undefined;
  try {
    const decipher = createDecipheriv(algorithm, keyFor(clientSecret, purpose), bytes.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(Buffer.from(purpose));
    decipher.setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes));
    return decipher.update(bytes.subarray(ivBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
};
