/** Reads settings from flags and variables, and collects every mistake instead of the first. */
import { flagOf, type Setting, variableOf } from './config-settings.ts';

export type Variables = Readonly<Record<string, string | undefined>>;

/** All mistakes of a configuration, one line each. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly faults: readonly string[];

  constructor(faults: readonly string[]) {
    super(faults.join('\n'));
    this.faults = faults;
  }
}

export class ConfigReader {
  readonly faults: string[] = [];
  readonly #flags: Readonly<Record<string, unknown>>;
  readonly #variables: Variables;

  /** `flags` as commander gives them, by the names of the settings. */
  constructor(flags: Readonly<Record<string, unknown>>, variables: Variables) {
    this.#flags = flags;
    this.#variables = variables;
  }

  /** The flag, else the variable, else `otherwise`; that too where what was given is a mistake. */
  read<T, U>(setting: Setting<T>, otherwise: U): T | U {
    const variable = this.#variables[variableOf(setting.name)];
    if (this.#flags[setting.name] !== undefined) return this.readFlag(setting, otherwise);
    if (variable === undefined || variable === '') return otherwise;
    return this.#parse(setting, variable, otherwise, `${variableOf(setting.name)}=${variable}`);
  }

  /** What was given for `setting`, flag or variable, before any check. */
  given(setting: Setting<unknown>): string | undefined {
    const flag = this.#flags[setting.name];
    return flag === undefined ? this.#variables[variableOf(setting.name)] : String(flag);
  }

  /** As `read`, for what belongs to one call and never comes from a variable. */
  readFlag<T, U>(setting: Setting<T>, otherwise: U): T | U {
    const flag = this.#flags[setting.name];
    if (flag === undefined) return otherwise;
    const text = String(flag);
    return this.#parse(setting, text, otherwise, `${flagOf(setting.name)} ${text || '""'}`);
  }

  #parse<T, U>(setting: Setting<T>, text: string, otherwise: U, given: string): T | U {
    const value = setting.parse(text);
    if (value !== undefined) return value;
    this.faults.push(`${given} is not allowed: ${setting.allowed}${explanation(setting, text)}`);
    return otherwise;
  }

  /** Notes a mistake that no single setting shows. */
  fault(text: string): void {
    this.faults.push(text);
  }

  /** Throws a ConfigError where there was any mistake. */
  end(): void {
    if (this.faults.length > 0) throw new ConfigError(this.faults);
  }
}

/** Kubernetes sets `DSM_PORT=tcp://…` in every pod where a service is named dsm. */
function explanation(setting: Setting<unknown>, text: string): string {
  const isServiceLink = setting.name === 'port' && text.startsWith('tcp://');
  return isServiceLink ? ' (set by Kubernetes for a service named dsm? give --port)' : '';
}
