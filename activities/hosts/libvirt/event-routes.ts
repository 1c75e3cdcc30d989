import { LibvirtProtocolError } from './errors.ts';
import { XdrReader } from './xdr.ts';

/** Gets the events of one registration; the reader stands behind the callback id. */
type EventListener = (reader: XdrReader) => void;

/** What is kept while a registration's answer, which names its callback id, has not come yet. */
const maxHeldEvents = 1_000;
const maxHeldBytes = 4_194_304;

/** A registration: ids count anew for each kind of object that has events, so the event's procedure belongs to it. */
export interface Registration {
  /** The procedure under which its events come. */
  readonly procedure: number;
  readonly callbackId: number;
}

function keyOf({ procedure, callbackId }: Registration): string {
  return `${procedure}/${callbackId}`;
}

/**
 * Leads events to the listener of the registration that they name.
 *
 * The host may send an event of a new registration before its answer to that registration: while an answer is
 * awaited, events with an unknown callback id are held, and handed over in their order when it comes.
 */
export class EventRoutes {
  readonly #listeners = new Map<string, EventListener>();
  #held: { key: string; body: Buffer }[] = [];
  #heldBytes = 0;
  #registering = 0;

  /** A registration has been sent or will be. */
  registrationBegins(): void {
    this.#registering += 1;
  }

  /** The host named the callback id: its events go to `listener`, those that are held at once. */
  registrationAnswered(registration: Registration, listener: EventListener): void {
    const key = keyOf(registration);
    this.#listeners.set(key, listener);
    const mine = this.#held.filter((event) => event.key === key);
    this.#registrationEnds();
    for (const event of mine)
      listener(new XdrReader(event.body, 'an event that came before its registration'));
  }

  /** The registration failed or was given up. */
  registrationFailed(): void {
    this.#registrationEnds();
  }

  /** Events of this registration are dropped from now on. */
  remove(registration: Registration): void {
    this.#listeners.delete(keyOf(registration));
  }

  /** Takes an event. One of a registration that was removed or given up is dropped. */
  take(procedure: number, reader: XdrReader): void {
    const key = keyOf({ procedure, callbackId: reader.i32('the callback id') });
    const listener = this.#listeners.get(key);
    if (listener !== undefined) {
      listener(reader);
    } else if (this.#registering > 0) {
      if (this.#held.length >= maxHeldEvents || this.#heldBytes + reader.remaining > maxHeldBytes) {
        throw new LibvirtProtocolError(
          `${this.#held.length} events (${this.#heldBytes} bytes) of unknown registrations came before the ` +
            'answer to a registration, and one more does not fit',
        );
      }
      // A copy, because the packet's memory may be a small part of a large receive buffer.
      const body = Buffer.from(reader.rest());
      this.#heldBytes += body.length;
      this.#held.push({ key, body });
    }
  }

  #registrationEnds(): void {
    this.#registering -= 1;
    if (this.#registering > 0) return;
    this.#held = [];
    this.#heldBytes = 0;
  }
}
