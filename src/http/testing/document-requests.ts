/** Requests that fast-check derives from the OpenAPI document, and what it says of their answers. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { openApi } from '../openapi/document.ts';

type Schema = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required?: boolean;
  readonly schema: Schema;
}

interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { schema: Schema }>> };
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { schema: Schema }>> }>
  >;
}

export interface DocumentedCall {
  /** `operationId` of the call. */
  readonly id: string;
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

/** As anybody sees it who fetches it. */
export const document = JSON.parse(JSON.stringify(openApi())) as {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
};

export const operations = Object.values(document.paths).flatMap((methods) =>
  Object.values(methods),
);

const ajv = new Ajv2020({ strict: false, schemas: [{ ...document, $id: 'document' }] });

/** Few names, so that calls meet; some of them numbers of sessions. */
const name = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('a', 'n') },
  fc.string({ minLength: 1, maxLength: 9 }),
);

function arbitraryOf(schema: Schema): fc.Arbitrary<unknown> {
  if (typeof schema.$ref === 'string') {
    const found = document.components.schemas[schema.$ref.split('/').at(-1) ?? ''];
    return arbitraryOf(found ?? {});
  }
  if ('const' in schema) return fc.constant(schema.const);
  if (Array.isArray(schema.enum)) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(choices)) return fc.oneof(...choices.map(arbitraryOf));
  switch (schema.type) {
    case 'string':
      return textOf(schema);
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'integer':
    case 'number':
      return numberOf(schema);
    case 'array':
      return fc.array(arbitraryOf(schema.items as Schema), { maxLength: 4 });
    case 'object':
      return objectOf(schema);
    default:
      return fc.string({ maxLength: 20 });
  }
}

function textOf({ pattern, maxLength, examples }: Schema): fc.Arbitrary<string> {
  if (Array.isArray(examples)) return fc.oneof(name, fc.constantFrom(...(examples as string[])));
  if (typeof pattern !== 'string') {
    return maxLength === 1024 ? name : fc.oneof(name, fc.constantFrom('', '5'));
  }
  const any = fc.stringMatching(new RegExp(pattern));
  // The revisions of what was made first.
  const small = fc.constantFrom(1, 1, 2, 2, 3, 9);
  const isSession = new RegExp(pattern).test('17');
  const isTag = new RegExp(pattern).test('"17"');
  if (isSession) return fc.oneof({ weight: 9, arbitrary: small.map(String) }, any);
  return isTag
    ? fc.oneof(
        small.map((revision) => `"${revision}"`),
        any,
      )
    : any;
}

function numberOf({ type, minimum, maximum }: Schema): fc.Arbitrary<number> {
  const min = Number(minimum ?? Number.MIN_SAFE_INTEGER);
  const max = Number(maximum ?? Number.MAX_SAFE_INTEGER);
  const near = { min: Math.ceil(Math.max(min, -9)), max: Math.floor(Math.min(max, 9)) };
  const whole = fc.oneof(fc.integer(near), fc.constantFrom(Math.ceil(min), Math.floor(max)));
  if (type === 'integer') return whole;
  const thousandths = fc.integer({ min: Math.ceil(min * 1000), max: Math.min(max, 100) * 1000 });
  return fc.oneof(
    thousandths.map((count) => count / 1000),
    fc.constantFrom(min, max),
  );
}

function objectOf(schema: Schema): fc.Arbitrary<object> {
  const properties = Object.entries((schema.properties ?? {}) as Record<string, Schema>);
  const model = Object.fromEntries(properties.map(([key, one]) => [key, arbitraryOf(one)]));
  return fc.record(model, { requiredKeys: (schema.required ?? []) as string[] });
}

/** All of them at once would nearly always contradict each other. */
function rarely<T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
}

/** What breaks a request, now and then: it must be refused as the document says. */
const slip = fc.oneof(
  { weight: 5, arbitrary: fc.constant(null) },
  { weight: 1, arbitrary: fc.record({ at: fc.nat(9), text: fc.string({ maxLength: 9 }) }) },
);

export function callsExcept(ids: readonly string[]): fc.Arbitrary<DocumentedCall> {
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { operationId }]) => !ids.includes(operationId))
      .map(([method, operation]) => callOf(path, method, operation)),
  );
  return fc.oneof(...calls).filter(isOfItsPath);
}

/** A URL parser makes another path of dots, and an empty name is another path. */
function isOfItsPath({ target }: DocumentedCall): boolean {
  return !/\/(?:\.{1,2})?(?:[/?]|$)/.test(target);
}

function callOf(path: string, method: string, operation: Operation): fc.Arbitrary<DocumentedCall> {
  const values = operation.parameters.map(({ required, schema }) =>
    required === true ? arbitraryOf(schema) : rarely(arbitraryOf(schema)),
  );
  const body = bodyOf(operation);
  return fc.tuple(fc.tuple(...values), body, slip).map(([given, content, mistake]) => {
    const query = new URLSearchParams();
    const headers: Record<string, string> = { ...content.headers };
    let target = path;
    for (const [index, parameter] of operation.parameters.entries()) {
      const isSlip = mistake !== null && mistake.at === index && parameter.in !== 'header';
      const value = isSlip ? mistake.text : given[index];
      if (value === null || value === undefined) continue;
      if (parameter.in === 'query') query.set(parameter.name, String(value));
      else if (parameter.in === 'header') headers[parameter.name] = headerText(String(value));
      else target = target.replace(`{${parameter.name}}`, () => segmentOf(String(value)));
    }
    const text = query.size === 0 ? target : `${target}?${query}`;
    const { operationId: id } = operation;
    return { id, method: method.toUpperCase(), target: text, headers, body: content.body };
  });
}

/** A colon may stand in a path as it is, and means something to unstorage only so. */
function segmentOf(text: string): string {
  return encodeURIComponent(text).replaceAll('%3A', ':');
}

/** What may stand in a header at all. */
function headerText(text: string): string {
  return text.replace(/[^\t -~]/g, '?');
}

const jsonType = 'application/json';
const linesType = 'application/x-ndjson';

interface Content {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
}

function bodyOf({ requestBody }: Operation): fc.Arbitrary<Content> {
  if (requestBody === undefined) return fc.constant({ headers: {}, body: null });
  const { content } = requestBody;
  const json = arbitraryOf(content[jsonType]?.schema ?? {});
  const kinds = Object.keys(content).map((type) => {
    const headers = type === '*/*' ? {} : { 'content-type': type };
    const text =
      type === jsonType
        ? json.map((value) => JSON.stringify(value))
        : type === linesType
          ? json.map((value) => linesOf(value as readonly unknown[]))
          : fc.string();
    return text.map((body) => ({ headers, body }));
  });
  return fc.oneof(...kinds);
}

/** The array of the other type, a line for each of its items. */
function linesOf(items: readonly unknown[]): string {
  return items.map((item) => `${JSON.stringify(item)}\n`).join('');
}

/** Why the answer is not as the document says; null where it is. */
export async function faultOf(id: string, answer: Response): Promise<string | null> {
  const { status, headers } = answer;
  const said = operations.find(({ operationId }) => operationId === id)?.responses[status];
  const text = await answer.text();
  if (said === undefined) return `${status} is not in the document: ${text}`;
  if (said.content === undefined) return text === '' ? null : `${status} has a body: ${text}`;
  const type = (headers.get('content-type') ?? '').split(';')[0] ?? '';
  if (type === linesType && said.content[type] !== undefined) {
    const items = text.split('\n').slice(0, -1);
    return faultOfJson(said.content[jsonType]?.schema ?? {}, `[${items}]`);
  }
  const media = said.content[type] ?? said.content['*/*'];
  if (media === undefined) return `${status} has the type ${type}`;
  if (!/[/+]json$/.test(type) || said.content['*/*'] === media) return null;
  return faultOfJson(media.schema, text);
}

function faultOfJson(schema: Schema, text: string): string | null {
  const validate = validatorOf(JSON.stringify(schema).replaceAll('"#/', '"document#/'));
  return validate(JSON.parse(text)) ? null : `${ajv.errorsText(validate.errors)} in ${text}`;
}

const validators = new Map<string, ValidateFunction>();

/** Compiled once: that takes much longer than to use it. */
function validatorOf(schema: string): ValidateFunction {
  const known = validators.get(schema) ?? ajv.compile(JSON.parse(schema));
  validators.set(schema, known);
  return known;
}
