import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readableLine } from '../../local/log-lines.ts';

describe('log lines for people', () => {
  it('show time, level, message and the rest on one line', () => {
    const line = JSON.stringify({
      code: 'guest_created',
      requestId: '0123456789',
      durationMs: 12,
      level: 'WARN',
      timestamp: '2026-05-15T10:00:00.000Z',
      message: 'A guest was registered.',
    });
    expect(readableLine(line, false)).toMatch(
      /^\d{2}:\d{2}:\d{2} {2}warn {3}A guest was registered\. {2}durationMs=12 request=01234567$/,
    );
    expect(readableLine(line, true)).toContain('\u001b[33m');
  });

  it('leave metrics out and other text as it is', () => {
    expect(readableLine('{"_aws":{},"Issued":1}', false)).toBeUndefined();
    expect(readableLine('Warning: something', false)).toBe('Warning: something');
    expect(readableLine('[1]', false)).toBe('[1]');
  });

  it('never throw, whatever a line holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (line) => {
        expect(['string', 'undefined']).toContain(typeof readableLine(line, true));
      }),
    );
  });
});
