/**
 * Linearizability of one register in O(n log n), for histories of reads and unconditional writes in
 * which every value that is read was written once: Gibbons and Korach, "Testing Shared Memories"
 * (1997), in the words of Golab, Li and Shah, "Analyzing Consistency Properties for Fun and Profit"
 * (2011).
 *
 * The write of a value and the reads of it are a *cluster*, which stands together in any order that
 * explains the history. With f the earliest finish and s the latest start in a cluster, its *zone*
 * is **forward**, from f to s, if f < s: the register held this value all that time. Otherwise it
 * is **backward**, from s to f: it held it at some moment between. The history is linearizable if
 * and only if
 *
 * 1. no read of a cluster finishes before the write of it starts,
 * 2. no two forward zones overlap, and
 * 3. no backward zone lies inside a forward zone.
 *
 * Zones that only touch do not conflict, because invocations that touch are concurrent. The initial
 * value is a cluster whose write finished before everything. A write of unknown outcome finishes at
 * infinity: if it was read, it happened; if not, its zone conflicts with none, as if it were left out.
 * Revisions are not looked at.
 */
import { type CheckResult, showValue, type Violation } from './history.ts';
import type { RegisterAction, RegisterInvocation, RegisterValue } from './register.ts';

interface Zone {
  readonly value: RegisterValue;
  /** The earliest finish and the latest start of the cluster, and whose they are. */
  readonly finish: number;
  readonly start: number;
  readonly finishing: RegisterInvocation | null;
  readonly starting: RegisterInvocation | null;
}

const isForward = (zone: Zone): boolean => zone.finish < zone.start;

const isRead = ({ effect }: RegisterAction): boolean => effect.kind === 'none';

/** A read that found one value, or a write that sets one and asks for nothing. */
function isPlain({ guard, effect }: RegisterAction): boolean {
  if (effect.kind === 'none') {
    return guard.equals !== undefined && guard.differsFrom === undefined && !guard.never;
  }
  return effect.kind === 'set' && Object.keys(guard).length === 0;
}

function zoneOf(
  value: RegisterValue,
  write: RegisterInvocation | null,
  reads: readonly RegisterInvocation[],
): Zone {
  let finishing = write;
  let starting = write;
  let finish = write?.returnTime ?? Number.NEGATIVE_INFINITY;
  let start = write?.callTime ?? Number.NEGATIVE_INFINITY;
  for (const read of reads) {
    if (read.returnTime < finish) [finish, finishing] = [read.returnTime, read];
    if (read.callTime > start) [start, starting] = [read.callTime, read];
  }
  return { value, finish, start, finishing, starting };
}

/** The checker of one key: collects clusters, then compares zones. */
class ZoneCheck {
  readonly #key: string;
  readonly #initial: RegisterValue;
  readonly #reads: Map<RegisterValue, RegisterInvocation[]>;
  readonly #writes: Map<RegisterValue, RegisterInvocation[]>;
  readonly violations: Violation[] = [];

  constructor(invocations: readonly RegisterInvocation[], initial: RegisterValue) {
    this.#key = invocations[0]?.action.key ?? '';
    this.#initial = initial;
    this.#reads = Map.groupBy(
      invocations.filter(({ action, isRequired }) => isRequired && isRead(action)),
      ({ action }) => action.guard.equals ?? null,
    );
    this.#writes = Map.groupBy(
      invocations.filter(({ action }) => !isRead(action)),
      ({ action }) => (action.effect.kind === 'set' ? action.effect.value : null),
    );
  }

  /** A value that was read and written more than once, counting the initial one; else undefined. */
  ambiguousValue(): RegisterValue | undefined {
    for (const value of this.#reads.keys()) {
      const count = (this.#writes.get(value)?.length ?? 0) + Number(value === this.#initial);
      if (count > 1) return value;
    }
    return undefined;
  }

  run(): void {
    const zones = this.#zones();
    const forward = zones.filter(isForward).sort((a, b) => (a.finish < b.finish ? -1 : 1));
    for (const [place, zone] of forward.entries()) {
      const before = forward[place - 1];
      if (before !== undefined && zone.finish < before.start) this.#conflict(before, zone);
    }
    for (const zone of zones) {
      if (isForward(zone)) continue;
      const around = lastBefore(forward, zone.start);
      if (around !== undefined && zone.finish < around.start) this.#conflict(around, zone);
    }
  }

  #zones(): Zone[] {
    const zones: Zone[] = [];
    const initialReads = this.#reads.get(this.#initial) ?? [];
    if (!this.#writes.has(this.#initial)) zones.push(zoneOf(this.#initial, null, initialReads));
    for (const [value, reads] of this.#reads) {
      const write = this.#writes.get(value)?.[0];
      if (write === undefined) {
        if (value !== this.#initial) this.#unwritten(value, reads);
        continue;
      }
      for (const read of reads) {
        if (read.returnTime < write.callTime) this.#fromFuture(read, write);
      }
      zones.push(zoneOf(value, write, reads));
    }
    for (const [value, writes] of this.#writes) {
      if (this.#reads.has(value)) continue;
      // Nobody saw these, so each stands alone, whatever its value.
      for (const write of writes) zones.push(zoneOf(value, write, []));
    }
    return zones;
  }

  #unwritten(value: RegisterValue, reads: readonly RegisterInvocation[]): void {
    const message = `${reads[0]?.label} read ${showValue(value)}, which nobody wrote`;
    this.#add('unwritten-value', message, reads.slice(0, 1));
  }

  #fromFuture(read: RegisterInvocation, write: RegisterInvocation): void {
    const message = `${read.label} read what ${write.label} began to write only later`;
    this.#add('read-from-future', message, [read, write]);
  }

  #conflict(a: Zone, b: Zone): void {
    const sentence = (zone: Zone): string => {
      const { finishing, starting } = zone;
      const since = finishing === null ? 'from the beginning' : `since ${finishing.label} returned`;
      const until = starting === null ? '' : ` until ${starting.label} began`;
      return isForward(zone)
        ? `the value was ${showValue(zone.value)} ${since}${until}`
        : `it was ${showValue(zone.value)} at some time from the call of ${starting?.label} on`;
    };
    const invocations = [a.finishing, a.starting, b.finishing, b.starting];
    const named = invocations.filter((invocation) => invocation !== null);
    this.#add('overlapping-values', `${sentence(a)}, but ${sentence(b)}`, [...new Set(named)]);
  }

  #add(rule: string, message: string, invocations: readonly RegisterInvocation[]): void {
    const operations = invocations.map(({ id }) => id);
    this.violations.push({ rule, key: this.#key, message, operations });
  }
}

/** The last of zones sorted by their finish that finishes before a time. */
function lastBefore(zones: readonly Zone[], time: number): Zone | undefined {
  let low = 0;
  let high = zones.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (zones[middle]!.finish < time) low = middle + 1;
    else high = middle;
  }
  return zones[low - 1];
}

/**
 * Checks one key that begins as `initial`. Exact where it applies; else the verdict is `unknown`,
 * which no violation explains: other calls than plain ones, or a value that was read and written
 * more than once.
 */
export function checkZones(
  invocations: readonly RegisterInvocation[],
  initial: RegisterValue,
): CheckResult {
  if (!invocations.every(({ action }) => isPlain(action))) {
    return { verdict: 'unknown', violations: [] };
  }
  const check = new ZoneCheck(invocations, initial);
  if (check.ambiguousValue() !== undefined) return { verdict: 'unknown', violations: [] };
  check.run();
  const { violations } = check;
  return { verdict: violations.length > 0 ? 'not-linearizable' : 'linearizable', violations };
}
