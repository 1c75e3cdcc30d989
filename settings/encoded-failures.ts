/**
 * Failures whose message and stack are a payload, which the codec encrypts; by default both stand in Temporal's database
 * as they are. Temporal loads this file by its path, also into the isolate of the workflows.
 */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
