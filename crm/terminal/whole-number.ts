import { InvalidArgumentError } from 'commander';

/** Reads an option that is a whole number; `_` and `,` may group its digits. */
export const wholeNumber =
  (min: number, max = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const digits = text.replaceAll(/[_,]/g, '');
    const number = Number(digits);
    if (!/^\d+$/.test(digits) || number < min || number > max) {
      throw new InvalidArgumentError(
        max === Number.MAX_SAFE_INTEGER
          ? `It is a whole number of at least ${min}.`
          : `It is a whole number from ${min} to ${max}.`,
      );
    }
    return number;
  };
