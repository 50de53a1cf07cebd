/**
 * One flat map of the Extensible Data Notation, `{:process 0, :f :get, :key "7", :value nil}`: keys
 * are keywords, values are keywords, integers, strings, booleans or nil. Commas are white space.
 */

/** A keyword stands as `:name`, apart from a string. */
export interface Keyword {
  readonly keyword: string;
}
export type EdnValue = string | number | boolean | null | Keyword;

const tokenPattern = /[\s,]*(?:([{}])|:([^\s,{}"]+)|"((?:[^"\\]|\\[\s\S])*)"|([^\s,{}":]+))/y;
const escapes: Readonly<Record<string, string>> = {
  t: '\t',
  r: '\r',
  n: '\n',
  b: '\b',
  f: '\f',
  '\\': '\\',
  '"': '"',
};

function withoutEscapes(text: string): string {
  return text.replace(/\\(?:u([0-9a-fA-F]{4})|([\s\S]))/g, (whole, hex?: string, sign?: string) => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    const found = escapes[sign ?? ''];
    if (found === undefined) throw new Error(`${whole} is not an escape of EDN`);
    return found;
  });
}

function parseAtom(text: string): EdnValue {
  if (text === 'nil') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  if (/^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  throw new Error(`${text} is not a value that is known here`);
}

const notEdn = (text: string): Error =>
  new Error(`not EDN from ${JSON.stringify(text.trim().slice(0, 20))}`);

function* tokensOf(text: string): Generator<'{' | '}' | { readonly value: EdnValue }> {
  const pattern = new RegExp(tokenPattern);
  const end = text.replace(/[\s,]+$/, '').length;
  while (pattern.lastIndex < end) {
    const at = pattern.lastIndex;
    const found = pattern.exec(text);
    if (found === null) throw notEdn(text.slice(at));
    const [, brace, keyword, quoted, atom] = found;
    if (brace === '{' || brace === '}') yield brace;
    else if (keyword !== undefined) yield { value: { keyword } };
    else if (quoted !== undefined) yield { value: withoutEscapes(quoted) };
    else yield { value: parseAtom(atom ?? '') };
  }
}

/** Throws an Error that says what is wrong. */
export function parseEdnMap(text: string): Map<string, EdnValue> {
  const tokens = [...tokensOf(text)];
  if (tokens[0] !== '{' || tokens.at(-1) !== '}') throw new Error('expected one map in { }');
  const map = new Map<string, EdnValue>();
  const inner = tokens.slice(1, -1);
  for (let at = 0; at < inner.length; at += 2) {
    const key = inner[at];
    const value = inner[at + 1];
    if (typeof key !== 'object' || !isKeyword(key.value)) throw new Error('expected a keyword');
    const name = key.value.keyword;
    if (typeof value !== 'object') throw new Error(`:${name} has no value`);
    if (map.has(name)) throw new Error(`:${name} is given twice`);
    map.set(name, value.value);
  }
  return map;
}

export function isKeyword(value: EdnValue | undefined): value is Keyword {
  return typeof value === 'object' && value !== null;
}
