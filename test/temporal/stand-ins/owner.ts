/** A test process that starts a server, prints its id as `server PID`, and goes on until it is ended. */
import { startTestServer } from '../../support/temporal.ts';

const server = await startTestServer();
// Before the line is printed: whoever reads it may send the signal at once.
process.once('SIGTERM', () => void server.stop());
console.log(`server ${server.pid}`);
