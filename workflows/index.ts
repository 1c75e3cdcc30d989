/** What the bundler gets: every workflow type by its name. */
export { migrateVm } from './migrate-vm.ts';
export { maintainHosts } from './maintain-hosts.ts';
export { settleVm } from './settle-vm.ts';
export { surveyHerd } from './survey-herd.ts';
export { doctor } from './doctor.ts';
export { readCoverage } from './read-coverage.ts';
export { listInventory } from './list-inventory.ts';
export { vmRecord } from './records/vm-record.ts';
export { hostRecord } from './records/host-record.ts';
