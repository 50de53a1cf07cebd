/** What a driver is asked to do. It crosses a process boundary, so it is plain data. */
import type { Measurement, Sample } from '../results/schema.ts';
import type { Workload } from '../workload/config.ts';

export type DialectName = 'dsm' | 'etcd' | 'webdis' | 'noop';

export interface LoadPlan {
  readonly dialect: DialectName;
  /** Base URLs; client i speaks to `targets[i % targets.length]`. */
  readonly targets: readonly string[];
  readonly workload: Workload;
  readonly clients: number;
  /** Operations offered per second; null: a closed loop. */
  readonly rateRps: number | null;
  readonly warmupMs: number;
  readonly measureMs: number;
  /** After the window nothing is sent; answers are waited for so long. */
  readonly drainMs: number;
  /** Length of one sample. */
  readonly sampleMs: number;
  /** A request without an answer after this is an error. */
  readonly timeoutMs: number;
  /** After a lost connection a client goes on with the next target (a failover run). */
  readonly roam: boolean;
  /** Give up when errors exceed this share after two seconds; 1 never gives up. */
  readonly abortErrorShare: number;
}

export type LoadEvent =
  | { readonly type: 'phase'; readonly phase: 'warmup' | 'measure' | 'drain' }
  | { readonly type: 'sample'; readonly sample: Sample };

/** Runs the plan once. Rejects only where no measurement can be made at all. */
export type Driver = (
  plan: LoadPlan,
  onEvent: (event: LoadEvent) => void,
  stop: AbortSignal,
) => Promise<Measurement>;
