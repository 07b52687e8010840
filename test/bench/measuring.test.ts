import { describe, expect, it } from '@jest/globals';
import type { Span } from '../../bench/function/run-container.ts';
import { spreadOf } from '../../bench/function/statistics.ts';
import { callsDuring, inSeries, waitedMs } from '../../bench/function/waits.ts';
import type { SeenCall } from '../../bench/function/world.ts';
import { insertTables } from '../../bench/performance-document.ts';

const call = (began: number, ended: number): SeenCall => ({
  service: 'dynamodb',
  operation: `${began}`,
  span: [began, ended],
});
const request: Span = [0, 100];

describe('Own time', () => {
  it('counts the time of calls that overlap once', () => {
    expect(waitedMs(request, [call(10, 30), call(20, 50)])).toBe(40);
  });

  it('counts calls one after the other, in whatever order they were seen', () => {
    expect(waitedMs(request, [call(60, 70), call(10, 30)])).toBe(30);
  });

  it('counts a call that goes on after the response only as far as the response', () => {
    expect(waitedMs(request, [call(90, 500)])).toBe(10);
  });

  it('leaves out the calls of other requests', () => {
    expect(callsDuring(request, [call(-50, 5), call(120, 130), call(50, 60)])).toEqual([call(50, 60)]);
  });
});

describe('Round trips in series', () => {
  it('are one for calls that go out together', () => {
    expect(inSeries([call(0, 10), call(1, 12)])).toBe(1);
  });

  it('are the longest chain, not the number of calls', () => {
    expect(inSeries([call(0, 10), call(1, 12), call(13, 20), call(14, 90), call(21, 30)])).toBe(3);
  });
});

describe('A spread', () => {
  it('is the median and the quartiles of what was measured, in any order', () => {
    expect(spreadOf([5, 1, 4, 2, 3])).toEqual({ median: 3, low: 2, high: 4, count: 5 });
  });
});

describe('The document', () => {
  const text = 'before\n<!-- bench:start -->\nold\n<!-- /bench:start -->\nafter';

  it('gets new tables in their place and keeps everything else', () => {
    expect(insertTables(text, 'bench:start', 'new')).toBe(
      'before\n<!-- bench:start -->\n\nnew\n\n<!-- /bench:start -->\nafter',
    );
  });

  it('must have a place for them', () => {
    expect(() => insertTables(text, 'bench:warm', 'new')).toThrow(/no place for bench:warm/);
  });
});
