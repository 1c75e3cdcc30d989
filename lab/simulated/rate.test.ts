import { describe, expect, test } from 'vitest';
import { ratePerSecond, type Sample } from './rate.ts';

/** Scrapes of each second from a moment on. */
function scrapes(fromSeconds: number, ...values: readonly number[]): Sample[] {
  return values.map((value, at) => ({ atMs: (fromSeconds + at) * 1000, value }));
}

describe('the rate over 10 s', () => {
  const at = (seconds: number) => ({ untilMs: seconds * 1000, windowSeconds: 10 });

  test('of a counter that grows steadily is its growth', () => {
    const samples = scrapes(0, ...Array.from({ length: 31 }, (_, second) => 100 + second * 0.4));
    expect(ratePerSecond(samples, at(30))).toBeCloseTo(0.4, 6);
  });

  test('of one that has just begun is spread over the whole window', () => {
    // 1 core for 2 s, and half an interval on either side: 2.5 s of 10, and no further back than zero.
    expect(ratePerSecond(scrapes(28, 5, 6, 7), at(30))).toBeCloseTo(0.25, 6);
    expect(ratePerSecond(scrapes(28, 0, 1, 2), at(30))).toBeCloseTo(0.2, 6);
  });

  test('counts a counter that begins anew from zero', () => {
    const samples = scrapes(20, 50, 51, 52, 53, 54, 0, 1, 2, 3, 4, 5);
    // 4 before, 5 after; what lies between the last scrape before and the first after is not known.
    expect(ratePerSecond(samples, at(30))).toBeCloseTo(0.9, 6);
  });

  test('falls as a series that has ended leaves the window', () => {
    const samples = scrapes(0, ...Array.from({ length: 21 }, (_, second) => second));
    const rates = [20, 24, 28].map((second) => ratePerSecond(samples, at(second)) ?? 0);
    expect(rates[0]).toBeCloseTo(1, 6);
    expect(rates[1]).toBeCloseTo(0.65, 6);
    expect(rates[2]).toBeCloseTo(0.25, 6);
  });

  test('needs two scrapes', () => {
    expect(ratePerSecond(scrapes(30, 1), at(30))).toBeUndefined();
    expect(ratePerSecond(scrapes(0, 1, 2), at(30))).toBeUndefined();
  });
});
