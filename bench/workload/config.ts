/**
 * What the clients do, in one checked object. The same texts (`write-ratio`, `keys`, …) come from
 * the command line of the bench and, in capitals with underscores, from `k6 run -e`.
 */
import type { KeyDistribution } from './keys.ts';
import { valueBytesMax, valueBytesMin } from './value.ts';

export const presetNames = ['mixed', 'a', 'b', 'c', 'd', 'f'] as const;
export type PresetName = (typeof presetNames)[number];

export interface Workload {
  /** `mixed` or a core workload of YCSB; E (scans) is not measured. */
  readonly preset: PresetName;
  /** Share of writes among the chosen operations, 0…1. */
  readonly writeRatio: number;
  /** Share of chosen operations that read a key and then write it (YCSB F), 0…1. */
  readonly modifyRatio: number;
  readonly keys: KeyDistribution;
  readonly keyCount: number;
  readonly valueBytes: number;
  /** A client rests so long between an answer and its next request. */
  readonly thinkMs: number;
  /** 32 bits; every choice follows from it. */
  readonly seed: number;
}

interface Preset {
  readonly writeRatio: number;
  readonly modifyRatio: number;
  readonly keys: KeyDistribution;
}

const zipfian: KeyDistribution = { kind: 'zipfian', theta: 0.99 };

const presets: Readonly<Record<PresetName, Preset>> = Object.freeze({
  mixed: { writeRatio: 0.3, modifyRatio: 0, keys: { kind: 'uniform' } },
  a: { writeRatio: 0.5, modifyRatio: 0, keys: zipfian },
  b: { writeRatio: 0.05, modifyRatio: 0, keys: zipfian },
  c: { writeRatio: 0, modifyRatio: 0, keys: zipfian },
  d: { writeRatio: 0.05, modifyRatio: 0, keys: { kind: 'latest' } },
  f: { writeRatio: 0, modifyRatio: 0.5, keys: zipfian },
});

/** Texts as they were given; what is absent takes its default. */
export interface WorkloadTexts {
  readonly workload?: string | undefined;
  readonly writeRatio?: string | undefined;
  readonly keys?: string | undefined;
  readonly keyCount?: string | undefined;
  readonly valueBytes?: string | undefined;
  readonly thinkMs?: string | undefined;
  readonly seed?: string | undefined;
}

/** A number in [low, high]; what is not one becomes a sentence in `faults`. */
export function parseNumber(
  name: string,
  text: string | undefined,
  fallback: number,
  [low, high]: readonly [number, number],
  faults: string[],
): number {
  if (text === undefined || text === '') return fallback;
  const value = Number(text);
  if (text.trim() !== '' && value >= low && value <= high) return value;
  faults.push(`${name} must be a number from ${low} to ${high}, not "${text}"`);
  return fallback;
}

function parseKeys(
  text: string | undefined,
  fallback: KeyDistribution,
  faults: string[],
): KeyDistribution {
  if (text === undefined || text === '') return fallback;
  if (text === 'uniform' || text === 'hotspot' || text === 'latest') return { kind: text };
  const match = /^zipf(?:ian)?(?::([0-9.]+))?$/.exec(text);
  const theta = Number(match?.[1] ?? 0.99);
  if (match !== null && theta > 0 && theta < 2) return { kind: 'zipfian', theta };
  faults.push(`keys must be uniform, zipfian, zipfian:0.99, hotspot or latest, not "${text}"`);
  return fallback;
}

/** Throws one error that names every fault. */
export function parseWorkload(texts: WorkloadTexts): Workload {
  const faults: string[] = [];
  const name = (texts.workload ?? 'mixed').replace(/^ycsb-/, '').toLowerCase();
  const presetName = presetNames.find((known) => known === name);
  if (presetName === undefined) {
    faults.push(`workload must be one of ${presetNames.join(', ')}, not "${texts.workload}"`);
  }
  const preset = presets[presetName ?? 'mixed'];
  const { writeRatio, thinkMs, keyCount, valueBytes, seed } = texts;
  const workload: Workload = {
    preset: presetName ?? 'mixed',
    writeRatio: parseNumber('write-ratio', writeRatio, preset.writeRatio, [0, 1], faults),
    modifyRatio: preset.modifyRatio,
    keys: parseKeys(texts.keys, preset.keys, faults),
    keyCount: Math.floor(parseNumber('key-count', keyCount, 1000, [1, 1_000_000], faults)),
    valueBytes: Math.floor(
      parseNumber('value-bytes', valueBytes, 100, [valueBytesMin, valueBytesMax], faults),
    ),
    thinkMs: parseNumber('think', thinkMs, 10, [0, 60_000], faults),
    seed: Math.floor(parseNumber('seed', seed, 1, [0, 0xffff_ffff], faults)),
  };
  if (workload.writeRatio + workload.modifyRatio > 1) {
    faults.push('write-ratio and the share of read-modify-writes are more than 1 together');
  }
  if (faults.length > 0) throw new Error(faults.join('; '));
  return Object.freeze(workload);
}

/** The share of writes among all requests: a read-modify-write is a read and a write. */
export function expectedWriteShare(workload: Workload): number {
  return (workload.writeRatio + workload.modifyRatio) / (1 + workload.modifyRatio);
}

/** `uniform`, `zipfian:0.99`, …: as it is given on the command line. */
export function keysText(keys: KeyDistribution): string {
  return keys.kind === 'zipfian' ? `zipfian:${keys.theta}` : keys.kind;
}
