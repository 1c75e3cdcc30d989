/** Text that comes from guests, hosts or Temporal, before it reaches a terminal. */

/** A text from outside without control characters, which could move the cursor or recolour a terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '\uFFFD');
}
