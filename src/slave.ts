/** `dsm slave`, as a file of its own. */
import { enter } from './cli/enter.ts';

await enter('slave');
