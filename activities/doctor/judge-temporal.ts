/** Temporal as Drover needs it: pure judgments of what it says of itself. */
import type { DoctorFinding } from '../../model/doctor.ts';
import { fewNames } from '../../model/names.ts';
import { findingsOf } from './findings.ts';

const temporal = 'Temporal';

export function judgeRetention(days: number, wantedDays: number, namespace: string): DoctorFinding {
  const finding = findingsOf(temporal, 'retention');
  const measured = `ended operations of namespace ${namespace} are kept for ${days} days`;
  if (days < wantedDays)
    return finding.warning(
      `${measured}: temporal.retentionDays of the settings is ${wantedDays}`,
      `temporal operator namespace update --namespace ${namespace} --retention ${wantedDays}d`,
    );
  return finding.ok(`${measured}; the settings want ${wantedDays}`);
}

/** `temporal.api.enums.v1.IndexedValueType` */
const indexedValueTypes: Readonly<Record<'Keyword' | 'Bool', number>> = { Keyword: 2, Bool: 5 };

/** @param present types by name, as Temporal numbers them @param wanted types by name */
export function judgeSearchAttributes(
  present: Readonly<Record<string, number>>,
  wanted: Readonly<Record<string, 'Keyword' | 'Bool'>>,
  namespace: string,
): DoctorFinding {
  const finding = findingsOf(temporal, 'searchAttributes');
  const names = Object.entries(wanted);
  const missing = names.filter(([name]) => present[name] === undefined);
  const other = names.filter(
    ([name, type]) => present[name] !== undefined && present[name] !== indexedValueTypes[type],
  );
  if (other.length > 0)
    return finding.error(
      `${fewNames(other.map(([name]) => name))} of namespace ${namespace} ${other.length === 1 ? 'is' : 'are'} of another type than ${other.map(([, type]) => type).join(', ')}`,
      `remove them (temporal operator search-attribute remove --namespace ${namespace} --name NAME) and start a worker again`,
    );
  if (missing.length > 0)
    return finding.error(
      `namespace ${namespace} lacks ${missing.length} of ${names.length} search attributes: ${fewNames(missing.map(([name]) => name))}`,
      missing
        .map(
          ([name, type]) =>
            `temporal operator search-attribute create --namespace ${namespace} --name ${name} --type ${type}`,
        )
        .join('; '),
    );
  return finding.ok(`all ${names.length} search attributes are there`);
}

/** @param workers identities of the processes that poll the queue */
export function judgeWorkers(queue: string, workers: readonly string[]): DoctorFinding {
  const finding = findingsOf(`task queue ${queue}`, 'workers');
  if (workers.length === 0)
    return finding.error(
      'no worker polls it: nothing goes on there',
      'start one where its hosts are near: drover up, or node worker/main.ts --settings FILE',
    );
  if (workers.length === 1)
    return finding.warning(
      `one worker polls it (${workers.join('')}): while it is away nothing goes on`,
      'run two, on two machines',
    );
  return finding.ok(`${workers.length} workers poll it: ${fewNames(workers)}`);
}
