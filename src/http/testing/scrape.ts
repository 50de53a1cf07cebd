/** `/metrics` as a monitor reads it, with a parser that others wrote. */
import parse, { type ParsedFamily } from 'parse-prometheus-text-format';

export class Scrape {
  readonly families: readonly ParsedFamily[];

  /** Throws where the text is not of the format. */
  constructor(text: string) {
    this.families = parse(text);
  }

  family(name: string): ParsedFamily | undefined {
    return this.families.find((family) => family.name === name);
  }

  /** Of the one sample with these labels, whatever others it has; NaN where there is none. */
  value(name: string, labels: Readonly<Record<string, string>> = {}): number {
    const found = this.family(name)?.metrics.filter((metric) =>
      Object.entries(labels).every(([key, text]) => metric.labels?.[key] === text),
    );
    return found?.length === 1 ? Number(found[0]?.value) : Number.NaN;
  }
}
