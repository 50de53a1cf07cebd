/** Anomalies of registers with appends and with compare-and-set on values. */
import type { KnownHistory } from './known-histories.ts';

export const knownRegisters: readonly Omit<KnownHistory, 'rule' | 'inZones' | 'inSearch'>[] = [
  {
    name: 'two reads show two appends in two orders',
    bad: `
      A: [app a  ]
      B: [app b  ]
      C:           [get ab] [get ba]`,
    good: `
      A: [app a  ]
      B: [app b  ]
      C:           [get ba] [get ba]`,
  },
  {
    name: 'an acknowledged append is lost',
    bad: `
      A: [put p] [app a] [app b]
      B:                         [get pb]`,
    good: `
      A: [put p] [app a] [app b]
      B:                         [get pab]`,
  },
  {
    name: 'an append is applied twice',
    bad: `
      A: [put p] [app a]
      B:                 [get paa]`,
    good: `
      A: [put p] [app a]
      B:         [app a] [get paa]`,
  },
  {
    name: 'an append of unknown outcome is applied twice',
    bad: `
      A: [put p] [app a>
      B:                 [get pa] [get paa]`,
    good: `
      A: [put p] [app a>
      B:                 [get p ] [get pa ]`,
  },
  {
    name: 'a read ends before the append that it shows',
    bad: `
      A: [put p]          [app a]
      B:         [get pa]`,
    good: `
      A: [put p]        [app a]
      B:         [get pa]`,
  },
  {
    name: 'a put does not replace what was appended',
    bad: `
      A: [app a] [put p]
      B:                 [get ap]`,
    good: `
      A: [put a] [app p]
      B:                 [get ap]`,
  },
  {
    name: 'two compare-and-set on one value succeed',
    bad: `
      A: [put 1] [cas 1→2]
      B:         [cas 1→3]`,
    good: `
      A: [put 1] [cas 1→2]
      B:         [cas 2→3]`,
  },
  {
    name: 'a compare-and-set fails on the value that it expects',
    bad: `
      A: [put 1]
      B:         [fail 1→2]`,
    good: `
      A: [put 1]
      B:       [fail 1→2]`,
  },
  {
    name: 'a compare-and-set finds a value that is overwritten',
    bad: `
      A: [put 1] [put 2]
      B:                 [cas 1→3]`,
    good: `
      A: [put 1] [put 2 ]
      B:              [cas 1→3]`,
  },
  {
    name: 'a write of unknown outcome explains two values in turn',
    bad: `
      A: [put 1] [put 2>
      B:                  [get 2] [get 1] [get 2]`,
    good: `
      A: [put 1] [put 2>  [put 1]
      C:  [put 2>
      B:                  [get 2] [get 1] [get 2]`,
  },
];
