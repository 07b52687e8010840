import { element } from '../element.ts';
import type { Who } from './who.ts';

export interface ListEntry {
  readonly id: string;
  readonly who: Who;
  /** A second line, such as what was said last. */
  readonly line: string;
}

/** A list of visitors to choose from. Buttons stay the same elements, so that an update takes the focus from nobody. */
export const createVisitorList = (list: HTMLUListElement, onChoose: (id: string) => void) => {
  const items = new Map<string, { item: HTMLLIElement; button: HTMLButtonElement }>();

  const itemOf = (id: string) => {
    const known = items.get(id);
    if (known !== undefined) return known;
    const button = element('button', { type: 'button' });
    button.addEventListener('click', () => onChoose(id));
    const made = { item: element('li', {}, button), button };
    items.set(id, made);
    return made;
  };

  return (entries: readonly ListEntry[], chosen: string | undefined): void => {
    const shown = entries.map(({ id, who, line }) => {
      const { item, button } = itemOf(id);
      if (id === chosen) button.setAttribute('aria-current', 'true');
      else button.removeAttribute('aria-current');
      const mark = element('span', { className: 'mark', textContent: who.mark });
      mark.dataset['mark'] = who.mark;
      button.replaceChildren(
        element('span', { className: 'name', textContent: who.name }),
        mark,
        element('span', { className: 'line', textContent: line }),
      );
      return item;
    });
    for (const id of [...items.keys()]) if (!entries.some((entry) => entry.id === id)) items.delete(id);
    const isSame =
      shown.length === list.children.length && shown.every((item, i) => item === list.children[i]);
    if (!isSame) {
      const focused = document.activeElement;
      list.replaceChildren(...shown);
      if (focused instanceof HTMLElement && list.contains(focused)) focused.focus();
    }
  };
};
