type Fields = Readonly<Record<string, unknown>>;

/* The least that can stand in for the logger and the metrics of Powertools here: one JSON line each. */
export class LogItem {}
export class LogFormatter {}

export class Logger {
  #write(level: string, message: string, fields: Fields): void {
    console.log(JSON.stringify({ ...fields, level, timestamp: new Date().toISOString(), message }));
  }
  debug(message: string, fields: Fields): void {
    this.#write('DEBUG', message, fields);
  }
  info(message: string, fields: Fields): void {
    this.#write('INFO', message, fields);
  }
  warn(message: string, fields: Fields): void {
    this.#write('WARN', message, fields);
  }
  error(message: string, fields: Fields): void {
    this.#write('ERROR', message, fields);
  }
}

export class Metrics {
  readonly #namespace: string;
  #dimensions: Fields = {};
  #metrics: Record<string, { unit: string; values: number[] }> = {};
  #metadata: Record<string, unknown> = {};

  constructor({ namespace }: { readonly namespace: string }) {
    this.#namespace = namespace;
  }
  clearDefaultDimensions(): void {}
  setDefaultDimensions(dimensions: Fields): void {
    this.#dimensions = dimensions;
  }
  addMetadata(name: string, value: unknown): void {
    this.#metadata[name] = value;
  }
  addMetric(name: string, unit: string, value: number): void {
    const { values } = this.#metrics[name] ?? { values: [] };
    this.#metrics[name] = { unit, values: [...values, value] };
  }
  hasStoredMetrics(): boolean {
    return Object.keys(this.#metrics).length > 0;
  }
  publishStoredMetrics(): void {
    const entries = Object.entries(this.#metrics);
    console.log(
      JSON.stringify({
        _aws: {
          Timestamp: Date.now(),
          CloudWatchMetrics: [
            {
              Namespace: this.#namespace,
              Dimensions: [Object.keys(this.#dimensions)],
              Metrics: entries.map(([Name, { unit }]) => ({ Name, Unit: unit })),
            },
          ],
        },
        ...this.#dimensions,
        ...this.#metadata,
        ...Object.fromEntries(entries.map(([name, { values }]) => [name, values])),
      }),
    );
    this.#metrics = {};
    this.#metadata = {};
  }
}
