/**
 * The survey of a datacenter: looks at its hosts, begins the records of VMs and hosts that have none, and tells records
 * what has changed. A herd of 20,000 VMs must not flood Temporal: a record is told something when that is new since
 * this worker told it last, or an hour has passed, and all of them together are asked slowly.
 */
import { createHash } from 'node:crypto';
import type { SurveyCounts } from '../model/survey.ts';
import type { VmRecord } from '../model/vm-record.ts';
import { atMost } from './hosts/at-most.ts';
import type { HostSession } from './hosts/driver.ts';
import { HostUnreachable } from './hosts/errors.ts';
import type { Hosts, KnownHost } from './hosts/hosts.ts';
import type { Looks } from './looks.ts';
import { Pace } from './pace.ts';
import type { Records } from './records/record-activities.ts';
import { sightingsOf, type Sighting } from './sightings.ts';

/** Of all records of a datacenter, in a second. */
const questionsPerSecond = 50;
/** Hosts whose VMs are told at a time: a slow record keeps the others of its host waiting. */
const hostsAtOnce = 16;
/** What has not changed is told again after so long, so that a record knows that it is still so. */
const anewMs = 60 * 60_000;
/** With more the fault is not a record's. */
const mostFailed = 20;

/** What this worker knows a record to have. */
interface Told {
  readonly host: string;
  /** The sighting without its time. */
  readonly key: string;
  readonly atMs: number;
  readonly xmlHash?: string;
  readonly xmlAtMs?: number;
}

export interface SurveyOptions {
  readonly records: Pick<Records, 'readVm' | 'see' | 'readHost' | 'letGo'>;
  /** Raised when the survey has to end before it is done. */
  readonly signal?: AbortSignal;
  readonly now?: () => Date;
}

/** One for each worker: it remembers what it has told. */
export class RecordSurvey {
  readonly #hosts: Hosts;
  readonly #looks: Looks;
  readonly #pace: Pace;
  readonly #told = new Map<string, Told>();
  readonly #hostsWithRecord = new Set<string>();

  constructor(hosts: Hosts, looks: Looks, perSecond = questionsPerSecond) {
    this.#hosts = hosts;
    this.#looks = looks;
    this.#pace = new Pace(perSecond);
  }

  /** @throws Error when more than a few records can't be asked: the last one's */
  async run(datacenter: string, options: SurveyOptions): Promise<SurveyCounts> {
    const course = new Course(options, this.#pace);
    const survey = await this.#looks.fresh(datacenter, { withLoad: false });
    const { seen, skipped } = sightingsOf(survey);
    const silent = new Set(survey.silent.map(({ host }) => host.address.name));
    const hosts = this.#hosts.site.hosts.filter((host) => host.datacenter === datacenter);
    for (const { address } of hosts) await course.attempt(() => this.#tellHost(address.name, course));
    const byHost = Map.groupBy(seen, ({ host }) => host);
    await atMost(hostsAtOnce, hosts, async (host) => {
      const those = byHost.get(host.address.name) ?? [];
      const answered = await this.#tellVms(host, those, silent, course);
      if (!answered) silent.add(host.address.name);
    });
    const { vms, created, left, failed } = course;
    return { hosts: hosts.length, silent: silent.size, vms, created, skipped: skipped + left, failed };
  }

  async #tellHost(host: string, course: Course): Promise<void> {
    if (this.#hostsWithRecord.has(host)) return;
    if (!(await course.ask(({ readHost }) => readHost(host)))) {
      // The least that can be said to a host's record; it begins by that.
      await course.ask(({ letGo }) => letGo({ host, workflowId: 'drover-survey' }));
      course.created++;
    }
    this.#hostsWithRecord.add(host);
  }

  /** @returns false: the host fell silent, and nothing more was said of its VMs */
  async #tellVms(
    host: KnownHost,
    seen: readonly Sighting[],
    silent: ReadonlySet<string>,
    course: Course,
  ): Promise<boolean> {
    if (seen.length === 0) return true;
    try {
      await using session = await this.#hosts.open(host);
      for (const sighting of seen) {
        const xml = await definitionOf(session, sighting.uuid);
        // One without a definition has gone since it was listed: the next look tells.
        if (xml === undefined) course.left++;
        else await course.attempt(() => this.#tellVm(sighting, xml, silent, course));
      }
      return true;
    } catch (error) {
      if (!(error instanceof HostUnreachable)) throw error;
      return false;
    }
  }

  async #tellVm(
    { vm, ...sighting }: Sighting,
    xml: string,
    silent: ReadonlySet<string>,
    course: Course,
  ): Promise<void> {
    let told = this.#told.get(vm);
    let isNew = false;
    if (!told) {
      const record = await course.ask(({ readVm }) => readVm(vm));
      isNew = record === undefined;
      told = record && toldOf(record);
    }
    const isAlive = sighting.state === 'running' || sighting.state === 'suspendedToRam';
    // Where the VM was last does not answer, and this may be what a move left: it says nothing of the VM.
    if (told && told.host !== sighting.host && silent.has(told.host) && !isAlive) {
      course.left++;
      return;
    }
    const key = JSON.stringify(sighting);
    const xmlHash = hashOf(xml);
    const nowMs = course.startedMs;
    const isXmlDue = told?.xmlHash !== xmlHash || nowMs - (told.xmlAtMs ?? 0) >= anewMs;
    if (isXmlDue || told?.key !== key || nowMs - told.atMs >= anewMs) {
      const seen = { ...sighting, at: new Date(nowMs).toISOString() };
      await course.ask(({ see }) => see({ vm, seen, ...(isXmlDue ? { xml } : {}) }));
      const xmlAtMs = isXmlDue ? nowMs : told?.xmlAtMs;
      told = {
        host: sighting.host,
        key,
        atMs: nowMs,
        xmlHash,
        ...(xmlAtMs === undefined ? {} : { xmlAtMs }),
      };
    }
    if (told) this.#told.set(vm, told);
    course.vms++;
    if (isNew) course.created++;
  }
}

/** One run of a survey: its counts, and how it asks records. */
class Course {
  /** When the look began: what a record was told by others since is newer. */
  readonly startedMs: number;
  readonly #options: SurveyOptions;
  readonly #pace: Pace;
  vms = 0;
  created = 0;
  left = 0;
  failed = 0;

  constructor(options: SurveyOptions, pace: Pace) {
    this.#options = options;
    this.#pace = pace;
    this.startedMs = (options.now?.() ?? new Date()).getTime();
  }

  async ask<T>(question: (records: SurveyOptions['records']) => Promise<T>): Promise<T> {
    await this.#pace.turn(this.#options.signal);
    return await question(this.#options.records);
  }

  /** One record that can't be asked keeps nobody else from being told. */
  async attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.signal?.throwIfAborted();
      if (++this.failed > mostFailed) throw error;
    }
  }
}

/** Undefined: the host has no such VM any more. @throws HostUnreachable */
async function definitionOf(session: HostSession, uuid: string): Promise<string | undefined> {
  try {
    return (await session.definition(uuid)).xml;
  } catch (error) {
    if (error instanceof HostUnreachable) throw error;
    return undefined;
  }
}

function toldOf({ seen, definition }: VmRecord): Told | undefined {
  if (!seen) return undefined;
  const { at, uuid, host, state, stateReason } = seen;
  return {
    host,
    key: JSON.stringify({ uuid, host, state, stateReason }),
    atMs: Date.parse(at),
    ...(definition ? { xmlHash: hashOf(definition.xml), xmlAtMs: Date.parse(definition.at) } : {}),
  };
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
