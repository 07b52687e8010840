/** An item as DynamoDB's JSON has it: `{ name: { S: "…" } }`. */
export type Value = Readonly<Record<string, unknown>>;
export type Item = Record<string, Value>;

export interface Names {
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, Value>>;
}

type Condition = (item: Item | undefined, names: Names) => boolean;
type Operand = (item: Item | undefined, names: Names) => Value | undefined;
type Update = (item: Item, names: Names) => void;

const token = /\s*(<=|>=|<>|[=<>(),]|[#:]?[A-Za-z_][\w.]*)/y;

/** Words of an expression; what is not understood is an error: the model never guesses. */
const wordsOf = (expression: string): string[] => {
  const words: string[] = [];
  token.lastIndex = 0;
  const text = expression.trimEnd();
  while (token.lastIndex < text.length) {
    const from = token.lastIndex;
    const match = token.exec(text);
    if (match?.[1] === undefined) throw new SyntaxError(`not understood: ${expression.slice(from)}`);
    words.push(match[1]);
  }
  return words;
};

const plain = (value: Value): string | number | boolean => {
  if (typeof value['S'] === 'string') return value['S'];
  if (typeof value['N'] === 'string') return Number(value['N']);
  if (typeof value['BOOL'] === 'boolean') return value['BOOL'];
  throw new TypeError(`a value that the model does not compare: ${JSON.stringify(value)}`);
};

const typeOf = (value: Value): string => Object.keys(value)[0] ?? '';

/** As DynamoDB compares: values of different types are unequal, and no order holds between them. */
const compare = (operator: string, left: Value | undefined, right: Value | undefined): boolean => {
  if (left === undefined || right === undefined) return false;
  if (typeOf(left) !== typeOf(right)) return operator === '<>';
  const [a, b] = [plain(left), plain(right)];
  switch (operator) {
    case '=':
      return a === b;
    case '<>':
      return a !== b;
    case '<':
      return a < b;
    case '<=':
      return a <= b;
    case '>':
      return a > b;
    case '>=':
      return a >= b;
    default:
      throw new SyntaxError(`not a comparison: ${operator}`);
  }
};

const nameOf = (word: string, { names }: Names): string => {
  if (!word.startsWith('#')) return word;
  const name = names[word];
  if (name === undefined) throw new SyntaxError(`${word} is not defined`);
  return name;
};

class Reader {
  #at = 0;

  constructor(readonly words: readonly string[]) {}

  peek(): string | undefined {
    return this.words[this.#at];
  }

  next(expected?: string): string {
    const word = this.words[this.#at];
    if (word === undefined || (expected !== undefined && word.toUpperCase() !== expected)) {
      throw new SyntaxError(`expected ${expected ?? 'more'} at ${this.#at} of ${this.words.join(' ')}`);
    }
    this.#at += 1;
    return word;
  }

  takes(word: string): boolean {
    if (this.peek()?.toUpperCase() !== word) return false;
    this.#at += 1;
    return true;
  }

  end(): void {
    if (this.#at < this.words.length) throw new SyntaxError(`left over: ${this.words.slice(this.#at)}`);
  }
}

const operand = (reader: Reader): Operand => {
  const word = reader.next();
  if (word.startsWith(':')) {
    return (_, { values }) => {
      const value = values[word];
      if (value === undefined) throw new SyntaxError(`${word} is not defined`);
      return value;
    };
  }
  if (word === 'if_not_exists') {
    reader.next('(');
    const name = reader.next();
    reader.next(',');
    const otherwise = operand(reader);
    reader.next(')');
    return (item, names) => item?.[nameOf(name, names)] ?? otherwise(item, names);
  }
  return (item, names) => item?.[nameOf(word, names)];
};

const primary = (reader: Reader): Condition => {
  if (reader.takes('NOT')) {
    const inner = primary(reader);
    return (item, names) => !inner(item, names);
  }
  if (reader.takes('(')) {
    const inner = either(reader);
    reader.next(')');
    return inner;
  }
  const word = reader.peek();
  if (word === 'attribute_exists' || word === 'attribute_not_exists') {
    reader.next();
    reader.next('(');
    const name = reader.next();
    reader.next(')');
    const wanted = word === 'attribute_exists';
    return (item, names) => (item?.[nameOf(name, names)] !== undefined) === wanted;
  }
  const left = operand(reader);
  const operator = reader.next();
  const right = operand(reader);
  return (item, names) => compare(operator, left(item, names), right(item, names));
};

const both = (reader: Reader): Condition => {
  const parts = [primary(reader)];
  while (reader.takes('AND')) parts.push(primary(reader));
  return (item, names) => parts.every((part) => part(item, names));
};

function either(reader: Reader): Condition {
  const parts = [both(reader)];
  while (reader.takes('OR')) parts.push(both(reader));
  return (item, names) => parts.some((part) => part(item, names));
}

const kept = <T>(parse: (reader: Reader) => T) => {
  const known = new Map<string, T>();
  return (expression: string): T => {
    const before = known.get(expression);
    if (before !== undefined) return before;
    const reader = new Reader(wordsOf(expression));
    const parsed = parse(reader);
    reader.end();
    known.set(expression, parsed);
    return parsed;
  };
};

const conditionOf = kept(either);

const updateOf = kept((reader): Update => {
  const changes: ((before: Item, item: Item, names: Names) => void)[] = [];
  while (reader.peek() !== undefined) {
    const clause = reader.next().toUpperCase();
    if (clause !== 'SET' && clause !== 'REMOVE') throw new SyntaxError(`the model knows no ${clause}`);
    do {
      const name = reader.next();
      if (clause === 'REMOVE') {
        changes.push((_, item, names) => {
          delete item[nameOf(name, names)];
        });
        continue;
      }
      reader.next('=');
      const value = operand(reader);
      changes.push((before, item, names) => {
        const set = value(before, names);
        if (set === undefined) throw new SyntaxError(`SET ${name} to nothing`);
        item[nameOf(name, names)] = set;
      });
    } while (reader.takes(','));
  }
  return (item, names) => {
    const before = { ...item };
    for (const change of changes) change(before, item, names);
  };
});

/** Whether a ConditionExpression holds for an item, or for none. */
export const holds = (expression: string, item: Item | undefined, names: Names): boolean =>
  conditionOf(expression)(item, names);

/** Applies an UpdateExpression (SET, REMOVE) to an item. */
export const update = (expression: string, item: Item, names: Names): void =>
  updateOf(expression)(item, names);
