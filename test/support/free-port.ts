/** Ports for what a test starts. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/** A port that nobody listens on, just now. */
export async function freePort(): Promise<number> {
  for (;;) {
    // Below those that Linux gives to outgoing connections (from 32768, ip(7)): such a one may be taken again before
    // anybody listens on it.
    const port = randomInt(20_000, 32_000);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    await new Promise((resolve) => void probe.close(resolve));
    if (isFree) return port;
  }
}
