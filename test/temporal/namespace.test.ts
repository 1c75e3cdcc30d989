import { Client, Connection } from '@temporalio/client';
import { defineSearchAttributeKey } from '@temporalio/common';
import { msNumberToTs } from '@temporalio/common/lib/time.js';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { searchAttributes } from '../../model/operations.ts';
import { prepareNamespace, type NamespaceConnection } from '../../worker/namespace.ts';

const dayMs = 86_400_000;
let connection: Connection;
beforeAll(async () => {
  connection = await Connection.connect({ address: inject('temporalAddress') });
});
afterAll(() => connection.close());

/** A namespace as an administrator makes it: without search attributes, and forgetful. */
async function bareNamespace(name: string, retentionDays = 1): Promise<string> {
  await connection.workflowService.registerNamespace({
    namespace: name,
    workflowExecutionRetentionPeriod: msNumberToTs(retentionDays * dayMs),
  });
  return name;
}
async function prepare(namespace: string, through: NamespaceConnection = connection) {
  const said: string[] = [];
  const prepared = await prepareNamespace(through, {
    namespace,
    retentionDays: 30,
    report: (line) => said.push(line),
  });
  return { prepared, said: said.join('\n') };
}
async function retentionDays(namespace: string): Promise<number> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  return Number(config?.workflowExecutionRetentionTtl?.seconds) / 86_400;
}

/** Starts a workflow with every search attribute, which the server refuses where it does not know one. */
async function startWithAll(namespace: string): Promise<void> {
  const { needsOperator, ...keywords } = searchAttributes;
  await new Client({ connection, namespace }).workflow.start('waits', {
    taskQueue: 'nobody-listens',
    workflowId: 'searchable',
    typedSearchAttributes: [
      ...Object.values(keywords).map((name) => ({
        key: defineSearchAttributeKey(name, 'KEYWORD'),
        value: 'web1',
      })),
      { key: defineSearchAttributeKey(needsOperator, 'BOOL'), value: true },
    ],
  });
}

/** As gRPC refuses a request. */
async function refusal(code: number, details: string): Promise<never> {
  throw Object.assign(new Error(`${code} ${details}`), { code, details, metadata: {} });
}

describe('a namespace is made ready', () => {
  test('with its search attributes usable and its retention raised, and nothing to do the second time', async () => {
    const namespace = await bareNamespace('ready-twice');
    const first = await prepare(namespace);
    expect(first.prepared).toEqual({ missingAttributes: [], retentionDays: 30 });
    expect(first.said).toMatch(/for 30 days now \(1 before\)\n.*registered.*DroverVm/);
    expect(await retentionDays(namespace)).toBe(30);
    await startWithAll(namespace);

    const second = await prepare(namespace);
    expect(second.prepared).toEqual(first.prepared);
    expect(second.said).toBe('');
  });

  test('by several workers at once', async () => {
    const namespace = await bareNamespace('ready-at-once');
    const all = await Promise.all([1, 2, 3, 4].map(() => prepare(namespace)));
    for (const { prepared } of all) expect(prepared).toEqual({ missingAttributes: [], retentionDays: 30 });
    await startWithAll(namespace);
  });

  test('by one that comes second, whose request is refused because the first has done it', async () => {
    const namespace = await bareNamespace('ready-second');
    const { operatorService } = connection;
    const through: NamespaceConnection = {
      workflowService: connection.workflowService,
      operatorService: Object.assign(Object.create(operatorService) as typeof operatorService, {
        addSearchAttributes: async (request: Parameters<typeof operatorService.addSearchAttributes>[0]) => {
          await operatorService.addSearchAttributes(request);
          return refusal(6, 'ALREADY_EXISTS');
        },
      }),
    };
    expect((await prepare(namespace, through)).prepared.missingAttributes).toEqual([]);
    await startWithAll(namespace);
  });

  test('and a longer retention is left as it is', async () => {
    const namespace = await bareNamespace('remembers', 60);
    expect((await prepare(namespace)).prepared.retentionDays).toBe(60);
    expect(await retentionDays(namespace)).toBe(60);
  });
});

describe('where it can’t be', () => {
  test('for lack of rights, the commands for an operator are said and it goes on', async () => {
    const namespace = await bareNamespace('not-ours');
    const refused = () => refusal(7, 'PERMISSION_DENIED');
    const through = {
      workflowService: Object.assign(
        Object.create(connection.workflowService) as typeof connection.workflowService,
        {
          updateNamespace: refused,
        },
      ),
      operatorService: Object.assign(
        Object.create(connection.operatorService) as typeof connection.operatorService,
        {
          listSearchAttributes: refused,
          addSearchAttributes: refused,
        },
      ),
    };
    const { prepared, said } = await prepare(namespace, through);
    expect(prepared).toEqual({ missingAttributes: Object.values(searchAttributes), retentionDays: 1 });
    expect(said).toContain('temporal operator namespace update --namespace not-ours --retention 30d');
    expect(said).toContain(
      'temporal operator search-attribute create --namespace not-ours --name DroverNeedsOperator --type Bool',
    );

    await prepare(namespace);
    expect((await prepare(namespace, through)).prepared.missingAttributes).toEqual([]);
  });

  test('because it does not exist, with the command that makes it', async () => {
    await expect(prepare('nowhere')).rejects.toThrow(
      /no namespace nowhere; make it with\n {2}temporal operator namespace create --namespace nowhere --retention 30d/,
    );
  });

  test('because an attribute has another type, with the command that removes it', async () => {
    const namespace = await bareNamespace('other-type');
    await connection.operatorService.addSearchAttributes({
      namespace,
      // INDEXED_VALUE_TYPE_INT
      searchAttributes: Object.fromEntries([[searchAttributes.vm, 3]]),
    });
    await expect(prepare(namespace)).rejects.toThrow(
      /search-attribute remove --namespace other-type --name DroverVm/,
    );
  });
});
