/** A rule of DESIGN.md §5 that was broken: `I1` to `I10`. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError';
  readonly rule: string;
  constructor(rule: string, message: string) {
    super(`${rule}: ${message}`);
    this.rule = rule;
  }
}
