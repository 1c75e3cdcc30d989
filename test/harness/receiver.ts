/** Drover's alert receiver, which ends with its parent: `node receiver.ts --settings SETTINGS`. */
process.once('disconnect', () => process.exit(0));
await import('../../client/alerts/main.ts');
