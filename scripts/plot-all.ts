/** Every chart of any results folder: `node scripts/plot-all.ts results/<run> [to]`. */
import { drawFolder } from './plotting.ts';

await drawFolder('');
