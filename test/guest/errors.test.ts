import { describe, expect, it } from '@jest/globals';
import {
  AmbiguousCreationError,
  deadlineExceeded,
  GuestError,
  LeaseTooShortError,
  LimitedError,
  StoreUnavailableError,
  UnknownGuestError,
} from '../../lambda/guest/errors.ts';
import { PoisonMessageError } from '../../lambda/guest/queued-registration.ts';
import { LeaseLostError } from '../../lambda/guest/register-under-lease.ts';

describe('An error of the domain', () => {
  it('bears the name that an operator reads in the log', () => {
    const errors = [
      new GuestError('rejected'),
      new LimitedError(1, false),
      new AmbiguousCreationError('unavailable'),
      new LeaseTooShortError(),
      new UnknownGuestError(),
      new StoreUnavailableError(),
      new LeaseLostError(),
      new PoisonMessageError(),
    ];
    expect(errors.map(({ name }) => name)).toEqual([
      'GuestError',
      'LimitedError',
      'AmbiguousCreationError',
      'LeaseTooShortError',
      'UnknownGuestError',
      'StoreUnavailableError',
      'LeaseLostError',
      'PoisonMessageError',
    ]);
  });

  it.each([
    [0, 1],
    [1000, 1],
    [1001, 2],
    [30_000, 30],
  ])('of a limit of %d ms asks to come back after %d s', (waitMs, retryAfterSeconds) => {
    const cause = new Error('why');
    expect(new LimitedError(waitMs, false, { cause })).toMatchObject({
      code: 'unavailable',
      waitMs,
      retryAfterSeconds,
      cause,
    });
  });

  it('that the time is over asks to come back after a second', () => {
    const cause = new Error('why');
    expect(deadlineExceeded(cause)).toMatchObject({ code: 'deadline_exceeded', retryAfterSeconds: 1, cause });
  });
});
