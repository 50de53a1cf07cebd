/**
 * Draws the charts over the number of slaves of any results folder:
 * `node scripts/plot-by-slave-count.ts results/<run> [to]`. The default place is
 * `results/plots_by_slave_count/`, where the charts of the published run are kept.
 */
import { drawFolder } from './plotting.ts';

await drawFolder('plots_by_slave_count');
