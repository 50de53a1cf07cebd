/**
 * Runs that once broke a rule, with the few faults that it took. They must hold for ever. `npm run
 * sim -- --replay SEED --shrink` prints what belongs into a new entry; `why` says what was wrong.
 *
 * A change of what the clients do makes another run of a seed, which then proves less: a bug has a
 * scenario test of its own as well.
 */
import type { Fault } from './faults.ts';
import type { ProfileName } from './profiles.ts';

export interface Regression {
  readonly seed: number;
  readonly profile: ProfileName;
  /** The rule that was broken. */
  readonly rule: string;
  readonly why: string;
  readonly faults: readonly Fault[];
}

const forgottenReplacement =
  'That a lost master had been replaced was known to memories only: after a power cut its old ' +
  'nodeId was waited for, for ever (fixed by the second config record of core/master.ts)';

export const regressions: readonly Regression[] = [
  {
    seed: 6,
    profile: 'default',
    rule: 'I8',
    why: forgottenReplacement,
    faults: [
      {
        atMs: 12_675.458,
        kind: 'lost-disk',
        durationMs: 4323.017,
        seats: ['s3', 's1', 's2', 'm3', 'm1', 'm2'],
        strength: 0.066,
      },
      {
        atMs: 23_611.737,
        kind: 'power-cut-all',
        durationMs: 727.211,
        seats: ['s3', 'm2', 's1', 'm1', 'm3', 's2'],
        strength: 0.108,
      },
    ],
  },
  {
    seed: 34,
    profile: 'default',
    rule: 'I8',
    why: forgottenReplacement,
    faults: [
      {
        atMs: 53_027.537,
        kind: 'flipped-bit',
        durationMs: 1029.103,
        seats: ['s4', 's1', 's3', 'm2', 's2', 'm3', 'm1'],
        strength: 0.02,
      },
      {
        atMs: 58_293.916,
        kind: 'power-cut-all',
        durationMs: 4308.302,
        seats: ['m3', 's4', 'm1', 's2', 's3', 's1', 'm2'],
        strength: 0.38,
      },
    ],
  },
  {
    seed: 999,
    profile: 'default',
    rule: 'I8',
    why:
      'A backup was replaced 75 ms after its death: its old self, not missed yet, was counted beside ' +
      'it, and then took its place (fixed in core/membership.ts)',
    faults: [
      {
        atMs: 23_565.586,
        kind: 'flipped-bit',
        durationMs: 75.236,
        seats: ['m2', 'm1'],
        strength: 0.4,
      },
    ],
  },
];
