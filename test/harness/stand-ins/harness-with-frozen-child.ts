/** Stands in for a harness: has a child that it has frozen, tells its number, and waits or exits. `FOLDER waits|exits` */
import { spawn } from 'node:child_process';
import { openRunFolder } from '../../../client/up/leftovers.ts';
import { openOwnFolder } from '../../support/own-folder.ts';

const [, , all = '', ending] = process.argv;
const own = await openOwnFolder('cells', all);
const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
if (child.pid === undefined) throw new Error('the child did not start');
openRunFolder(own).remember('worker', child.pid);
child.kill('SIGSTOP');
console.log(child.pid);
if (ending === 'exits') process.exit(0);
