/** A sequence of orders that both sides of the contract play, and what they must say. */
import type { GuestPart } from './guest.ts';
import type { Stage } from './stage.ts';

export interface Sequence {
  readonly name: string;
  readonly parts?: readonly GuestPart[];
  readonly play: (stage: Stage) => Promise<void>;
  /** libvirt's answer; several where it is a matter of who comes first. */
  readonly traces: readonly string[];
}

/** A trace as it stands in a source file, without the indentation it has there. */
export function trace(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const indent = Math.min(...lines.map((line) => line.search(/\S/)));
  return lines.map((line) => line.slice(indent).trimEnd()).join('\n');
}
