/** What writes, conditions and refusals must not do. */
import type { KnownHistory } from './known-histories.ts';

export const knownWrites: readonly KnownHistory[] = [
  {
    name: 'one put is applied twice: its value comes back over another',
    bad: `
      A: [put a @1] [put b @2]
      B:                       [get a @3]`,
    good: `
      A: [put a @1] [put b @2]
      B:                       [get b @2]`,
    rule: 'applied-twice',
    inZones: true,
  },
  {
    name: 'one put of unknown outcome is applied twice',
    bad: `
      A: [put a >
      B:    [get a @1] [put b @2] [get b @2] [get a @3]`,
    good: `
      A: [put a >
      B:    [get - #0] [put b @2] [get b @2] [get a @3]`,
    rule: 'applied-twice',
    inZones: true,
  },
  {
    name: 'two compare-and-set on one revision succeed',
    bad: `
      A: [put 1 @1] [put 2 if 1 @2]
      B:              [put 3 if 1 @3]`,
    good: `
      A: [put 1 @1] [put 2 if 1 @2]
      B:              [put 3 if 1 !2]`,
    rule: 'condition-did-not-hold',
  },
  {
    name: 'a compare-and-set succeeds on a revision that was overwritten',
    bad: `
      A: [put 1 @1] [put 2 @2] [put 3 if 1 @3]`,
    good: `
      A: [put 1 @1] [put 2 @2] [put 3 if 2 @3]`,
    rule: 'condition-did-not-hold',
  },
  {
    name: 'a compare-and-set is refused by the revision that it asked for',
    bad: `
      A: [put 1 @1] [put 2 if 1 !1]`,
    good: `
      A: [put 1 @1] [put 2 if 9 !1]`,
    rule: 'refusal-contradicts-itself',
  },
  {
    name: 'a refusal names a revision that was overwritten',
    bad: `
      A: [put 1 @1] [put 2 @2] [put 3 if 9 !1]`,
    good: `
      A: [put 1 @1] [put 2 @2] [put 3 if 9 !2]`,
    rule: 'stale-read',
  },
  {
    name: 'a refusal names a revision that nobody wrote',
    bad: `
      A: [put 1 @1]
      B:            [put 2 if 9 !5]`,
    good: `
      A: [put 1 @1]
      B:            [put 2 if 9 !1]`,
    rule: 'unwritten-revision',
  },
  {
    name: 'a key is created twice',
    bad: `
      A: [put 1 if absent @1]
      B:     [put 2 if absent @2]`,
    good: `
      A: [put 1 if absent @1]
      B:     [put 2 if absent !1]`,
    rule: 'condition-did-not-hold',
  },
  {
    name: 'a key is created over one that is there',
    bad: `
      A: [put 1 @1]          [put 2 if absent @3]`,
    good: `
      A: [put 1 @1] [del @2] [put 2 if absent @3]`,
    rule: 'condition-did-not-hold',
  },
  {
    name: 'a key is updated that is not there',
    bad: `
      A: [put 1 @1] [del @2] [put 2 if present @3]`,
    good: `
      A: [put 1 @1] [del @2] [put 2 if present !0]`,
    rule: 'condition-did-not-hold',
  },
  {
    name: 'a creation is refused although the key is not there',
    bad: `
      A: [put 1 @1] [del @2] [put 2 if absent !1]`,
    good: `
      A: [put 1 @1] [put 2 if absent !1]`,
    rule: 'stale-read',
  },
  {
    name: 'two deletes both find the key',
    bad: `
      A: [put 1 @1] [del @2]
      B:                [del @3]`,
    good: `
      A: [put 1 @1] [del @2]
      B:                [del !0]`,
    rule: 'condition-did-not-hold',
  },
  {
    name: 'a delete does not find what was acknowledged',
    bad: `
      A: [put 1 @1]
      B:            [del !0]`,
    good: `
      A: [put 1 @1]
      B:       [del !0]`,
    rule: 'stale-read',
  },
  {
    name: 'two takers are given the same value',
    bad: `
      A: [put 1 @1] [take 1 @2]
      B:                [take 1 @3]`,
    good: `
      A: [put 1 @1] [take 1 @2]
      B:                [take !0]`,
    rule: 'condition-did-not-hold',
  },
  {
    name: 'two writes have one revision',
    bad: `
      A: [put 1 @1]
      B:   [put 2 @1]`,
    good: `
      A: [put 1 @1]
      B:   [put 2 @2]`,
    rule: 'one-revision-two-writes',
    inSearch: 'never',
  },
  {
    name: 'two writes of different keys have one revision',
    bad: `
      A: [put x:1 @1]
      B:   [put y:2 @1]`,
    good: `
      A: [put x:1 @1]
      B:   [put y:2 @2]`,
    rule: 'one-revision-two-writes',
    inSearch: 'never',
  },
  {
    name: 'the revisions of writes go against time',
    bad: `
      A: [put 1 @5]
      B:            [put 2 @4]`,
    good: `
      A: [put 1 @5]
      B:         [put 2 @4]`,
    rule: 'write-order',
    inSearch: 'never',
  },
  {
    name: 'the revisions of writes of two keys go against time',
    bad: `
      A: [put x:1 @5]
      B:              [put y:2 @4]`,
    good: `
      A: [put x:1 @5]
      B:           [put y:2 @4]`,
    rule: 'write-order',
    inSearch: 'never',
  },
  {
    name: 'a write of unknown outcome was seen at a revision that was passed before its call',
    bad: `
      A: [put 1 @5] [put 2 >
      B:             [get 2 @4] [get 1 @5]`,
    good: `
      A: [put 1 @5] [put 2 >
      B:             [get 1 @5] [get 2 @6]`,
    rule: 'stale-read',
    inZones: true,
  },
  {
    name: 'an increment is lost',
    bad: `
      A: [inc 1 =1 @1]
      B:       [inc 1 =1 @2]`,
    good: `
      A: [inc 1 =1 @1]
      B:       [inc 1 =2 @2]`,
    rule: 'condition-did-not-hold',
  },
  {
    name: 'an increment is missing at the end',
    bad: `
      A: [inc 1 =1 @1] [inc 1 =2 @2] [get 1 @1]`,
    good: `
      A: [inc 1 =1 @1] [inc 1 =2 @2] [get 2 @2]`,
    rule: 'stale-read',
  },
  {
    name: 'an increment of unknown outcome counts twice',
    bad: `
      A: [inc 1 >
      B:            [inc 1 =3 @3] [get 3 @3]`,
    good: `
      A: [inc 1 >
      B:            [inc 1 =2 @3] [get 2 @3]`,
  },
  {
    name: 'a compare-and-set of unknown outcome is seen although it cannot have happened',
    bad: `
      A: [put 1 @1] [put 2 @2]
      B:                       [put 3 if 1 >
      C:                            [get 3 @3]`,
    good: `
      A: [put 1 @1] [put 2 @2]
      B:                       [put 3 if 2 >
      C:                            [get 3 @3]`,
    rule: 'condition-did-not-hold',
  },
];
