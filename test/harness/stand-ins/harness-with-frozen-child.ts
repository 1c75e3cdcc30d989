/**
 * Stands in for a harness: has a child that it has frozen, and waits or exits. Tells which process the child is, since
 * after an exit it may have ended before anyone could ask. `FOLDER waits|exits`
 */
import { spawn } from 'node:child_process';
import { openRunFolder } from '../../../client/up/leftovers.ts';
import { identityOf } from '../../../client/up/process-identity.ts';
import { openOwnFolder } from '../../support/own-folder.ts';

const [, , all = '', ending] = process.argv;
const own = await openOwnFolder('cells', all);
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
if (child.pid === undefined) throw new Error('the child did not start');
openRunFolder(own).remember('worker', child.pid);
child.kill('SIGSTOP');
console.log(JSON.stringify(identityOf(child.pid)));
if (ending === 'exits') process.exit(0);
