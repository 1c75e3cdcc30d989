/** A number that libvirt sent and this client has no name for. */
export type Unnamed = `unknown (${number})`;

/** The name at a number's place in libvirt's own order; a number without one stays visible as "unknown (17)". */
export function nameAt<Name extends string>(names: readonly Name[], number: number): Name | Unnamed {
  return names[number] ?? `unknown (${number})`;
}
