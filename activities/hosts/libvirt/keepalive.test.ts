import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Keepalive } from './keepalive.ts';

describe('keepalive', () => {
  const seen: string[] = [];
  let keepalive: Keepalive;

  beforeEach(() => {
    vi.useFakeTimers();
    seen.length = 0;
    keepalive = new Keepalive({
      intervalMs: 1_000,
      count: 3,
      ping: () => seen.push(`ping at ${performance.now()}`),
      dead: (silentMs) => seen.push(`dead after ${silentMs}`),
    });
    vi.setSystemTime(0);
    keepalive.start();
  });

  afterEach(() => {
    keepalive.stop();
    vi.useRealTimers();
  });

  it('pings after each interval of silence and declares a silent peer dead after count + 1 of them', () => {
    const started = performance.now();
    vi.advanceTimersByTime(10_000);
    expect(seen).toEqual([
      `ping at ${started + 1_000}`,
      `ping at ${started + 2_000}`,
      `ping at ${started + 3_000}`,
      'dead after 4000',
    ]);
  });

  it('does not ping while the peer talks', () => {
    for (let step = 0; step < 20; step += 1) {
      vi.advanceTimersByTime(900);
      keepalive.heard();
    }
    expect(seen).toEqual([]);
  });

  it('takes whatever comes as a sign of life and begins to count anew', () => {
    vi.advanceTimersByTime(3_500);
    expect(seen).toHaveLength(3);
    keepalive.heard();
    vi.advanceTimersByTime(3_999);
    expect(seen.filter((line) => line.startsWith('dead'))).toEqual([]);
    vi.advanceTimersByTime(2);
    expect(seen.at(-1)).toBe('dead after 4000');
  });

  it('hears what has come before it judges, as after a freeze of this process', () => {
    vi.advanceTimersByTime(3_999);
    // What the socket holds is read after the timers of the same turn: the ping's answer arrives in between.
    setTimeout(() => keepalive.heard(), 1);
    vi.advanceTimersByTime(2);
    expect(seen.filter((line) => line.startsWith('dead'))).toEqual([]);
  });

  it('stops for good', () => {
    keepalive.stop();
    vi.advanceTimersByTime(60_000);
    expect(seen).toEqual([]);
  });
});
