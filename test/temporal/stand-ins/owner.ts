/** A test process that starts a server, prints its id as `server PID`, and goes on until it is ended. */
import { startTestServer } from '../../support/temporal.ts';

const server = await startTestServer();
console.log(`server ${server.pid}`);
process.once('SIGTERM', () => void server.stop());
