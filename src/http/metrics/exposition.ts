/**
 * The text format of Prometheus, version 0.0.4. Written here and not by a library, because those
 * count themselves and want every value told a second time; here all is looked up when it is asked
 * for. That it is the format is checked with a parser that others wrote.
 */
import { type DurationsView, durationBoundsMs } from '../../node/durations.ts';

export const expositionType = 'text/plain; version=0.0.4; charset=utf-8';

export type Labels = Readonly<Record<string, string>>;

export interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

type Kind = 'gauge' | 'counter' | 'histogram';

export class Exposition {
  #text = '';

  gauge(name: string, help: string, value: number | readonly Sample[]): void {
    this.#family(name, 'gauge', help, value);
  }

  /** `name` ends with `_total`. */
  counter(name: string, help: string, value: number | readonly Sample[]): void {
    this.#family(name, 'counter', help, value);
  }

  /** `name` ends with `_seconds`. */
  durations(name: string, help: string, { counts, sumMs }: DurationsView): void {
    this.#head(name, 'histogram', help);
    let count = 0;
    for (const [index, more] of counts.entries()) {
      count += more;
      const le = numberText((durationBoundsMs[index] ?? Infinity) / 1000);
      this.#sample(`${name}_bucket`, { le }, count);
    }
    this.#sample(`${name}_sum`, {}, sumMs / 1000);
    this.#sample(`${name}_count`, {}, count);
  }

  toString(): string {
    return this.#text;
  }

  /** A family without samples is left out: what does not apply to a node is not zero. */
  #family(name: string, kind: Kind, help: string, value: number | readonly Sample[]): void {
    const samples = typeof value === 'number' ? [{ labels: {}, value }] : value;
    if (samples.length === 0) return;
    this.#head(name, kind, help);
    for (const sample of samples) this.#sample(name, sample.labels, sample.value);
  }

  #head(name: string, kind: Kind, help: string): void {
    const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
    this.#text += `# HELP ${name} ${escaped}\n# TYPE ${name} ${kind}\n`;
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
    const set = pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
    this.#text += `${name}${set} ${numberText(value)}\n`;
  }
}

function escapeLabel(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}
