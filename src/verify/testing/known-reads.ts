/** What reads must not show. */
import type { KnownHistory } from './known-histories.ts';

export const knownReads: readonly KnownHistory[] = [
  {
    name: 'a read is stale after a write was acknowledged',
    bad: `
      A: [put 1 @1] [put 2 @2]
      B:                       [get 1 @1]`,
    good: `
      A: [put 1 @1] [put 2           @2]
      B:                   [get 1 @1]`,
    rule: 'stale-read',
    inZones: true,
  },
  {
    name: 'reads go from b to a and back to b',
    bad: `
      A: [put a @1] [put b @2]
      B:                       [get b @2] [get a @1] [get b @2]`,
    good: `
      A: [put a @1] [put b                           @2]
      B:                   [get a @1] [get b @2] [get b @2]`,
    rule: 'stale-read',
    inZones: true,
  },
  {
    name: 'an acknowledged write is missing at the end',
    bad: `
      A: [put 1 @1]
      B:            [get - #1]`,
    good: `
      A:     [put 1 @1]
      B: [get - #1]`,
    rule: 'stale-read',
    inZones: true,
  },
  {
    name: 'an acknowledged overwrite is missing at the end',
    bad: `
      A: [put 1 @1] [put 2 @2] [put 3 @3]
      B:                                  [get 2 @2]`,
    good: `
      A: [put 1 @1] [put 2 @2] [put 3 @3]
      B:                                  [get 3 @3]`,
    rule: 'stale-read',
    inZones: true,
  },
  {
    name: 'a write of unknown outcome is seen and then vanishes',
    bad: `
      A: [put 1 @1]  [put 2 >
      B:                       [get 2 @2] [get 1 @1]`,
    good: `
      A: [put 1 @1]  [put 2 >
      B:                       [get 1 @1] [get 2 @2]`,
    rule: 'non-monotonic-read',
    inZones: true,
  },
  {
    name: 'a read shows what is written only later',
    bad: `
      A:                       [put 1 @1]
      B:           [get 1 @1]`,
    good: `
      A:                   [put 1 @1]
      B:           [get 1 @1]`,
    rule: 'read-from-future',
    inZones: true,
  },
  {
    name: 'a read shows what is written of unknown outcome only later',
    bad: `
      A:             [put 1 >
      B: [get 1 @1]`,
    good: `
      A: [put 1 >
      B:     [get 1 @1]`,
    rule: 'read-from-future',
    inZones: true,
  },
  {
    name: 'reads of two clients go backwards while a write is open',
    bad: `
      A: [put 1 @1] [put 2                              @2]
      B:                   [get 2 @2]
      C:                              [get 1 @1]`,
    good: `
      A: [put 1 @1] [put 2                              @2]
      B:                   [get 2  @2]
      C:                           [get 1 @1]`,
    rule: 'non-monotonic-read',
    inZones: true,
  },
  {
    name: 'the old value is read after a delete',
    bad: `
      A: [put 1 @1] [del @2]
      B:                     [get 1 @1]`,
    good: `
      A: [put 1 @1] [del    @2]
      B:                   [get 1 @1]`,
    rule: 'stale-read',
  },
  {
    name: 'absence is read while the key is there',
    bad: `
      A: [put 1 @1]            [put 2 @2]
      B:            [get - #2]`,
    good: `
      A: [put 1 @1] [del @2]            [put 2 @3]
      B:                     [get - #2]`,
    rule: 'stale-read',
    inZones: true,
  },
  {
    name: 'the old value comes back after a delete of unknown outcome was seen',
    bad: `
      A: [put 1 @1] [del >
      B:                    [get - #2] [get 1 @1]`,
    good: `
      A: [put 1 @1] [del >
      B:                    [get 1 @1] [get - #2]`,
    rule: 'non-monotonic-read',
  },
  {
    name: 'a read shows a value that nobody wrote',
    bad: `
      A: [put 1 @1]
      B:   [get 3 @1]`,
    good: `
      A: [put 1 @1]
      B:   [get 1 @1]`,
    rule: 'one-revision-two-values',
    inZones: true,
  },
  {
    name: 'a write that was refused for certain is seen',
    bad: `
      A: [put 1 @1] [put 2 !]
      B:                      [get 2 @2]`,
    good: `
      A: [put 1 @1] [put 2 !]
      B:                      [get 1 @1]`,
    rule: 'refused-write-seen',
    inZones: true,
  },
  {
    name: 'a stale read shows what is not yet asked for',
    bad: `
      A: [put 1 @1]              [put 2 @2]
      B:            [stale 2 @2]`,
    good: `
      A: [put 1 @1] [put 2 @2]
      B:                       [stale 1 @1]`,
    rule: 'read-from-future',
    inZones: true,
  },
  {
    name: 'a stale read shows a write that a later read does not know',
    bad: `
      A: [put 1 @1] [put 2                               @2]
      B:                  [stale 2 @2] [get 1 @1]`,
    good: `
      A: [put 1 @1] [put 2                               @2]
      B:                  [get 2 @2] [stale 1 @1]`,
    rule: 'non-monotonic-read',
    inZones: true,
  },
  {
    name: 'a node answers absence that had not applied what was acknowledged',
    bad: `
      A: [put 1 @1] [del @2]
      B:                     [get - #1]`,
    good: `
      A: [put 1 @1] [del @2]
      B:                     [get - #2]`,
    rule: 'node-behind',
    inSearch: 'never',
  },
  {
    name: 'a stale read shows less than the revision that it asks for',
    bad: `
      A: [put 1 @1] [put 2 @2]
      B:                       [stale 1 ^2 @1]`,
    good: `
      A: [put 1 @1] [put 2 @2]
      B:                       [stale 1 ^1 @1]`,
    rule: 'below-min-revision',
    inSearch: 'never',
  },
  {
    name: 'a stale read shows absence where it asks for a write',
    bad: `
      A: [put 1 @3]
      B:            [stale - ^5 #5]`,
    good: `
      A: [put 1 @3] [del    >
      B:            [stale - ^5 #5]`,
    rule: 'below-min-revision',
    inSearch: 'never',
  },
  {
    name: 'a revision is read that is the delete of the key',
    bad: `
      A: [put 1 @1] [del   @2]
      B:                 [get 1 @2]`,
    good: `
      A: [put 1 @1] [del   @2]
      B:                 [get 1 @1]`,
    rule: 'deleted-revision-seen',
    inSearch: 'with-revisions',
  },
  {
    name: 'one revision is read with two values',
    bad: `
      A: [put 1                   >
      B: [put 2                   >
      C:         [get 1 @1] [get 2 @1]`,
    good: `
      A: [put 1                   >
      B: [put 2                   >
      C:         [get 1 @1] [get 2 @2]`,
    rule: 'one-revision-two-values',
    inSearch: 'never',
  },
];
