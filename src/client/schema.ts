/** Values checked by a schema (https://standardschema.dev). */
import type { StandardSchemaV1 } from '@standard-schema/spec';

/** A value is not what its schema says. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
  readonly key: string;
  readonly issues: readonly StandardSchemaV1.Issue[];

  constructor(key: string, issues: readonly StandardSchemaV1.Issue[]) {
    super(
      `The value of ${JSON.stringify(key)} is not as expected: ${issues.map(shown).join('; ')}`,
    );
    this.key = key;
    this.issues = issues;
  }
}

function shown({ path = [], message }: StandardSchemaV1.Issue): string {
  const steps = path.map((step) => String(typeof step === 'object' ? step.key : step));
  return steps.length === 0 ? message : `${steps.join('.')}: ${message}`;
}

/** What the schema makes of `value`. Rejects with a SchemaError. */
export async function checked<S extends StandardSchemaV1>(
  schema: S,
  value: unknown,
  key: string,
): Promise<StandardSchemaV1.InferOutput<S>> {
  const result = await schema['~standard'].validate(value);
  if (result.issues !== undefined) throw new SchemaError(key, result.issues);
  return result.value;
}
