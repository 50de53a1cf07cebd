/** What the runner and its generator process say to each other. */
import type { LoadEvent, LoadPlan } from '../measure/plan.ts';
import type { Measurement } from '../results/schema.ts';

export type ToWorker =
  | { readonly type: 'run'; readonly driver: string; readonly plan: LoadPlan }
  | { readonly type: 'stop' };

export type ToParent =
  | LoadEvent
  | { readonly type: 'done'; readonly measurement: Measurement }
  | { readonly type: 'failed'; readonly message: string };
