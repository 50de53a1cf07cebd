/**
 * Draws the charts over the number of clients of any results folder:
 * `node scripts/plot-by-client-count.ts results/<run> [to]`. The default place is
 * `results/plots_by_client_count/`, where the charts of the published run are kept.
 */
import { drawFolder } from './plotting.ts';

await drawFolder('plots_by_client_count');
