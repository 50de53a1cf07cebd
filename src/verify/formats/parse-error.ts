/** A history that cannot be read: says where, and what was expected there. */
export class ParseError extends Error {
  override readonly name = 'ParseError';
  readonly file: string;
  /** From 1. */
  readonly line: number;

  constructor(file: string, line: number, problem: string) {
    super(`${file}:${line}: ${problem}`);
    this.file = file;
    this.line = line;
  }
}
