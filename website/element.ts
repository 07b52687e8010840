type Child = Node | string | undefined;

/** Makes an element; text is never read as HTML. */
export const element = <Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]> = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[Name] => {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child): child is Node | string => child !== undefined));
  return made;
};

/** Makes an element of a drawing. */
export const shape = (
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  ...children: readonly (Node | string)[]
): SVGElement => {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.append(...children);
  return made;
};

/** Terms and what they say, for a `dl`. */
export const definitions = (
  entries: readonly (readonly [term: string, text: string])[],
): readonly HTMLElement[] =>
  entries.flatMap(([term, text]) => [
    element('dt', { textContent: term }),
    element('dd', { textContent: text }),
  ]);

/** An element that the page is known to have. */
export const byId = <Type extends HTMLElement>(id: string, type: new () => Type): Type => {
  const found = document.getElementById(id);
  if (!(found instanceof type)) throw new Error(`The page lacks #${id}.`);
  return found;
};

/** A button that copies a text and says so. */
export const copyButton = (what: string, text: () => string): HTMLButtonElement => {
  const button = element('button', { type: 'button', className: 'small', textContent: 'Copy' });
  button.setAttribute('aria-label', `Copy ${what}`);
  button.addEventListener('click', async () => {
    const copied = await navigator.clipboard.writeText(text()).then(
      () => true,
      () => false,
    );
    button.textContent = copied ? 'Copied' : 'Not allowed';
    setTimeout(() => {
      button.textContent = 'Copy';
    }, 2000);
  });
  return button;
};
