/** Makes a Temporal namespace ready for Drover: its search attributes, and how long it remembers what has ended. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isGrpcServiceError, type OperatorService, type WorkflowService } from '@temporalio/client';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { searchAttributeTypes } from './temporal-server/search-attributes.ts';

/** What is needed of a `Connection` or a `NativeConnection`. */
export interface NamespaceConnection {
  readonly workflowService: WorkflowService;
  readonly operatorService: OperatorService;
}

/** How the namespace is now. */
export interface PreparedNamespace {
  /**
   * Search attributes that the namespace still lacks, because Drover may not add them. A start that names one of
   * these is refused by Temporal, so workflows must do without them.
   */
  readonly missingAttributes: readonly string[];
  /** Days for which ended workflows are kept. */
  readonly retentionDays: number;
}

/** Codes of gRPC (https://grpc.io/docs/guides/status-codes/). */
const grpc = {
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  unimplemented: 12,
} as const;
/** What a cluster answers to who lacks the right; Temporal Cloud has no operator service at all. */
const notAllowed: readonly number[] = [grpc.permissionDenied, grpc.unimplemented];

/** `temporal.api.enums.v1.IndexedValueType` */
const indexedValueTypes = { Keyword: 2, Bool: 5 } as const;

/** After so long a new search attribute is known to every part of a server (its caches live 10 s). */
const usableWithinMs = 30_000;
const lookAgainMs = 250;
const secondsOfADay = 86_400;

/**
 * Registers the search attributes that are missing and raises the retention to `retentionDays` where it is lower;
 * returns when both can be relied on. Nothing to do the second time, and safe when two workers do it at once. Where
 * the right to is missing it says which commands an operator should run, and goes on.
 * @throws Error when the namespace does not exist, with the command that makes it; whatever the connection throws
 */
export async function prepareNamespace(
  connection: NamespaceConnection,
  {
    namespace,
    retentionDays,
    report,
  }: { namespace: string; retentionDays: number; report: (line: string) => void },
): Promise<PreparedNamespace> {
  const retention = await ensureRetention(connection, namespace, retentionDays, report);
  const missingAttributes = await ensureAttributes(connection, namespace, report);
  return { missingAttributes, retentionDays: retention };
}

async function ensureRetention(
  { workflowService }: NamespaceConnection,
  namespace: string,
  wantedDays: number,
  report: (line: string) => void,
): Promise<number> {
  const currentDays = await readRetentionDays(workflowService, namespace, wantedDays);
  if (currentDays >= wantedDays) return currentDays;
  try {
    await workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: msNumberToTs(wantedDays * secondsOfADay * 1000) },
    });
    report(
      `Temporal keeps ended workflows of namespace ${namespace} for ${wantedDays} days now (${currentDays} before)`,
    );
    return wantedDays;
  } catch (error) {
    if (!hasCode(error, notAllowed)) throw error;
    report(
      `warning: ended operations are forgotten after ${currentDays} days, not ${wantedDays}, and Drover may not change it; run\n` +
        `  temporal operator namespace update --namespace ${namespace} --retention ${wantedDays}d`,
    );
    return currentDays;
  }
}

async function readRetentionDays(
  workflowService: WorkflowService,
  namespace: string,
  wantedDays: number,
): Promise<number> {
  try {
    const { config } = await workflowService.describeNamespace({ namespace });
    return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / secondsOfADay;
  } catch (error) {
    if (!hasCode(error, [grpc.notFound])) throw error;
    throw new Error(
      `Temporal has no namespace ${namespace}; make it with\n` +
        `  temporal operator namespace create --namespace ${namespace} --retention ${wantedDays}d\n` +
        'or name another by TEMPORAL_NAMESPACE',
      { cause: error },
    );
  }
}

async function ensureAttributes(
  connection: NamespaceConnection,
  namespace: string,
  report: (line: string) => void,
): Promise<string[]> {
  let missing = Object.keys(searchAttributeTypes);
  try {
    missing = await readMissing(connection, namespace);
    if (missing.length > 0) {
      await add(connection, namespace, missing);
      report(`search attributes registered in namespace ${namespace}: ${missing.join(', ')}`);
    }
  } catch (error) {
    if (!hasCode(error, notAllowed)) throw error;
    // It may be forbidden to look at them while they are all there: a query decides.
    if (await isUsable(connection, namespace)) return [];
    report(
      `warning: namespace ${namespace} lacks search attributes and Drover may not add them, so lists can't be filtered by VM or host; run\n` +
        addCommands(namespace, missing),
    );
    return missing;
  }
  await untilUsable(connection, namespace);
  return [];
}

/** @throws Error when one is there with another type, which Temporal can't change */
async function readMissing({ operatorService }: NamespaceConnection, namespace: string): Promise<string[]> {
  const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
  return Object.entries(searchAttributeTypes).flatMap(([name, type]) => {
    const present: number | undefined = customAttributes?.[name];
    if (present !== undefined && present !== indexedValueTypes[type]) {
      throw new Error(
        `search attribute ${name} of namespace ${namespace} is not of type ${type}; remove it and start again:\n` +
          `  temporal operator search-attribute remove --namespace ${namespace} --name ${name}`,
      );
    }
    return present === undefined ? [name] : [];
  });
}

async function add(
  connection: NamespaceConnection,
  namespace: string,
  names: readonly string[],
): Promise<void> {
  const attributes = Object.fromEntries(
    names.map((name) => [name, indexedValueTypes[searchAttributeTypes[name] ?? 'Keyword']]),
  );
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: attributes });
  } catch (error) {
    if (hasCode(error, notAllowed)) throw error;
    // Another worker was faster: with everything there, its request did the same.
    const stillMissing = await readMissing(connection, namespace);
    if (stillMissing.length === names.length) throw error;
    if (stillMissing.length > 0) await add(connection, namespace, stillMissing);
  }
}

/** A server's parts learn of a new attribute one after another; a query is refused until it is known. */
async function untilUsable(connection: NamespaceConnection, namespace: string): Promise<void> {
  const giveUpAt = Date.now() + usableWithinMs;
  while (!(await isUsable(connection, namespace))) {
    if (Date.now() > giveUpAt) {
      throw new Error(
        `the search attributes of namespace ${namespace} were registered ${usableWithinMs / 1000} s ago, and queries with them are still refused`,
      );
    }
    await sleep(lookAgainMs);
  }
}

async function isUsable({ workflowService }: NamespaceConnection, namespace: string): Promise<boolean> {
  const query = Object.entries(searchAttributeTypes)
    .map(([name, type]) => (type === 'Bool' ? `${name} = true` : `${name} = 'x'`))
    .join(' OR ');
  try {
    await workflowService.countWorkflowExecutions({ namespace, query });
    return true;
  } catch (error) {
    if (hasCode(error, [grpc.invalidArgument])) return false;
    throw error;
  }
}

function addCommands(namespace: string, names: readonly string[]): string {
  return names
    .map(
      (name) =>
        `  temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${searchAttributeTypes[name]}`,
    )
    .join('\n');
}

function hasCode(error: unknown, codes: readonly number[]): boolean {
  return isGrpcServiceError(error) && codes.includes(error.code);
}
