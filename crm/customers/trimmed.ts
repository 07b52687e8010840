const blank = (code: number): boolean => code <= 32 || code === 0xa0 || code === 0xfeff;

/** Whether a text begins or ends with white space: what spreadsheets and copying leave around an id. */
export const hasBlanksAround = (text: string): boolean =>
  text !== '' && (blank(text.charCodeAt(0)) || blank(text.charCodeAt(text.length - 1)));
