import type { Telemetry } from '../../lambda/guest/ports.ts';

type Fields = Parameters<Telemetry['record']>[1];

/** Telemetry that keeps what it was told. */
export interface RecordedTelemetry<Event extends string> extends Telemetry<Event> {
  readonly recorded: readonly { readonly event: Event; readonly fields: Fields }[];
  /** The fields of each record of one event; `{}` where it has none, since `toEqual([])` takes `[undefined]` for empty. */
  of(event: Event): readonly NonNullable<Fields>[];
}

export const createRecordedTelemetry = <Event extends string = string>(): RecordedTelemetry<Event> => {
  const recorded: { event: Event; fields: Fields }[] = [];
  return {
    recorded,
    record: (event, fields) => {
      recorded.push({ event, fields });
    },
    of: (name) => recorded.filter(({ event }) => event === name).map(({ fields }) => fields ?? {}),
  };
};
