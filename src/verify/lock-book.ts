/**
 * Who held which lock, and when: never do two hold one at once, and whoever has it later has the
 * higher token.
 */
export interface Hold {
  readonly name: string;
  readonly token: number;
  /** When its holder was told, on any one clock, ms. */
  readonly fromMs: number;
  /** Until then its holder surely counted on it. */
  untilMs: number;
}

export class LockBook {
  readonly holds: Hold[] = [];

  /** What contradicts these holds, in words; null where nothing does. */
  fault(): string | null {
    const last = new Map<string, Hold>();
    for (const hold of this.holds.toSorted((a, b) => a.fromMs - b.fromMs)) {
      const { name, token, fromMs } = hold;
      const before = last.get(name);
      last.set(name, hold);
      if (before === undefined) continue;
      if (fromMs < before.untilMs)
        return `${before.token} and ${token} both hold ${name} at ${fromMs}`;
      if (token <= before.token) return `token ${token} of ${name} after ${before.token}`;
    }
    return null;
  }
}
