/** The examination of a site as activities. */
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { DoctorFinding } from '../../model/doctor.ts';
import { permanent } from '../../model/failures.ts';
import { fewNames } from '../../model/names.ts';
import { heartbeating } from '../heartbeats.ts';
import { examineDatacenter } from './examine-datacenter.ts';
import { examineTemporal, type WantedTemporal } from './examine-temporal.ts';
import { fitted } from './findings.ts';
import { trialMs } from './judge-keepalive.ts';
import type { DoctorSite } from './site-examination.ts';

/** What is to be examined: workflows have no settings of their own. */
export interface ExaminationPlan {
  readonly datacenters: readonly string[];
  /** A trial of keepalive takes so long at most. */
  readonly keepaliveTrialMs: number;
}

/** On the queue that every worker polls. */
export interface DoctorActivities {
  /** @throws ApplicationFailure `UnknownHost` */
  planExamination(request: { readonly hosts?: readonly string[] }): Promise<ExaminationPlan>;
  /** Does nothing: what it costs is what a step costs. */
  doNothing(): Promise<void>;
  examineTemporal(request: {
    readonly datacenters: readonly string[];
    readonly mostBytes: number;
  }): Promise<readonly DoctorFinding[]>;
}

/** On a datacenter's own queue. */
export interface DoctorHostActivities {
  examineHosts(request: {
    readonly datacenter: string;
    readonly hosts?: readonly string[];
    readonly trials: boolean;
    readonly mostBytes: number;
  }): Promise<readonly DoctorFinding[]>;
}

export function createDoctorActivities(site: DoctorSite, wanted: WantedTemporal): DoctorActivities {
  const known = site.hosts.site.hosts;
  return {
    planExamination: async ({ hosts }) => {
      const unknown = hosts?.filter((name) => !known.some(({ address }) => address.name === name)) ?? [];
      if (unknown.length > 0) {
        throw ApplicationFailure.create(
          permanent(
            'UnknownHost',
            `the settings name no host ${fewNames(unknown)}; they name ${fewNames(known.map(({ address }) => address.name))}`,
          ),
        );
      }
      const chosen = known.filter(({ address }) => hosts?.includes(address.name) ?? true);
      return {
        datacenters: [...new Set(chosen.map(({ datacenter }) => datacenter))].toSorted(),
        keepaliveTrialMs: trialMs(site.hosts.site.keepaliveSeconds),
      };
    },
    doNothing: async () => undefined,
    examineTemporal: async ({ datacenters, mostBytes }) =>
      fitted(await examineTemporal(Context.current().client, wanted, datacenters), mostBytes),
  };
}

export function createDoctorHostActivities(site: DoctorSite): DoctorHostActivities {
  return {
    examineHosts: ({ datacenter, hosts, trials, mostBytes }) =>
      heartbeating(async () => {
        const { cancellationSignal: signal, info } = Context.current();
        const examination = {
          ...site,
          trials,
          signal,
          // The same for each attempt of one run, so that an attempt removes what the one before it left.
          run: (info.workflowExecution?.runId ?? '').replaceAll('-', '').slice(-8).padStart(8, '0'),
          wanted: ({ address }: { readonly address: { readonly name: string } }) =>
            hosts?.includes(address.name) ?? true,
        };
        return fitted(await examineDatacenter(examination, datacenter), mostBytes);
      }),
  };
}
