/** What a simulated host does for a request of Drover's that has reached it. */
import { z } from 'zod';
import { SimulatedMigration, type SimulatedRequest } from '../../model/simulated.ts';
import { VmDefinition } from '../../model/vm-definition.ts';
import type { SimulatedDatacenter } from './datacenter.ts';
import type { SimulatedHost } from './host.ts';
import { turnOf } from './job-lock.ts';
import type { Cause } from './journal.ts';
import { rehearse } from './parts.ts';

const OfVm = z.object({ uuid: z.string() });
const OfDefinition = z.object({ definition: VmDefinition });
const OfEpoch = OfVm.extend({ epoch: z.int().nonnegative() });
const OfDowntime = OfVm.extend({ downtimeMs: z.number() });

/** Requests that a host answers; the others are about the connection, whose business they are. */
type HostRequest = Exclude<SimulatedRequest, 'open' | 'ping' | 'watch'>;
/** Those that name a VM and nothing else. */
type VmRequest = Exclude<
  HostRequest,
  'report' | 'cpu' | 'rehearse' | 'define' | 'markEpoch' | 'migrate' | 'setMaxDowntime'
>;

/** Who is asked, and by whom. */
export interface Asked {
  readonly datacenter: SimulatedDatacenter;
  readonly host: SimulatedHost;
  readonly party: string;
}

/**
 * Resolves with the answer when the host has got to it and is done.
 * @throws Refusal in libvirt's words
 */
export async function carryOut(
  { datacenter, host, party }: Asked,
  request: HostRequest,
  parameters: unknown,
): Promise<unknown> {
  const cause: Cause = { kind: 'drover', party, call: request };
  switch (request) {
    case 'report':
      return host.report();
    case 'cpu':
      return 'simulated';
    case 'rehearse':
      return rehearse(host, OfDefinition.parse(parameters).definition);
    case 'define':
      return host.define(OfDefinition.parse(parameters).definition, cause);
    case 'markEpoch': {
      const { uuid, epoch } = OfEpoch.parse(parameters);
      const ranWhenAsked = host.copies.get(uuid)?.live !== undefined;
      await turnOf(host, request, uuid);
      return host.markEpoch(uuid, epoch, ranWhenAsked);
    }
    case 'migrate': {
      await turnOf(host, request, OfVm.parse(parameters).uuid);
      const migration = datacenter.migrate(host, SimulatedMigration.parse(parameters));
      await migration.done;
      return undefined;
    }
    case 'setMaxDowntime': {
      const { uuid, downtimeMs } = OfDowntime.parse(parameters);
      await turnOf(host, request, uuid);
      const job = host.copies.get(uuid)?.job;
      if (job) job.maxDowntimeMs = downtimeMs;
      return undefined;
    }
    default: {
      const { uuid } = OfVm.parse(parameters);
      await turnOf(host, request, uuid);
      return doToVm(host, request, uuid, cause);
    }
  }
}

function doToVm(host: SimulatedHost, request: VmRequest, uuid: string, cause: Cause): unknown {
  switch (request) {
    case 'sight':
      return host.sight(uuid);
    case 'definition':
      return host.definition(uuid);
    case 'migrationProgress':
      return host.copies.get(uuid)?.job?.progress ?? null;
    case 'abortMigration':
      return host.copies.get(uuid)?.job?.abort();
    case 'migrationFigures':
      return host.copies.get(uuid)?.arrival ?? {};
    case 'undefine':
    case 'start':
    case 'shutDown':
    case 'destroy':
    case 'suspend':
    case 'resume':
    case 'quit':
      return host[request](uuid, cause);
    default:
      throw new TypeError(`no such request: ${String(request satisfies never)}`);
  }
}
