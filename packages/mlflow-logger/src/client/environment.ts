import { readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { MlflowError } from './errors.ts'

/** Environment variables by name. */
export type Environment = { readonly [name: string]: string | undefined }

/** Settings as texts, read with their names in every error. An empty variable counts as none. */
export class Variables {
  readonly #environment: Environment

  constructor(environment: Environment) {
    this.#environment = environment
  }

  text(name: string): string | undefined {
    const value = this.#environment[name]
    return value === undefined || value === '' ? undefined : value
  }

  /** `true`, `false`, `1` or `0`, as MLflow reads them. */
  boolean(name: string): boolean | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    if (/^(true|1)$/i.test(value)) return true
    if (/^(false|0)$/i.test(value)) return false
    throw new MlflowError('MLFLOW_CONFIG', `${name} is '${value}', and has to be true, false, 1 or 0`, { details: { variable: name } })
  }

  number(name: string, range: { readonly min: number; readonly max: number; readonly whole?: boolean }): number | undefined {
    const value = this.text(name)
    if (value === undefined) return undefined
    const number = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value) ? Number(value) : Number.NaN
    if (!(number >= range.min && number <= range.max) || (range.whole === true && !Number.isInteger(number))) {
      throw new MlflowError('MLFLOW_CONFIG', `${name} is '${value}', and has to be ${range.whole === true ? 'a whole number' : 'a number'} from ${range.min} to ${range.max}`, { details: { variable: name } })
    }
    return number
  }

  /** The home folder that the variables name, as `~` in Python; else that of the user. */
  home(): string {
    return this.text('HOME') ?? this.text('USERPROFILE') ?? homedir()
  }

  /** A path with `~` at its start. */
  path(name: string): string | undefined {
    const value = this.text(name)
    return value === undefined ? undefined : value.replace(/^~(?=$|[\\/])/, () => this.home())
  }
}

/** The text of a file; undefined if there is none. What stands in it never comes into an error. */
export function readIfThere(path: string, purpose: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as { readonly code?: unknown }).code
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new MlflowError('MLFLOW_CONFIG', `${path}, with ${purpose}, cannot be read (${String(code)}). Correct its permissions, or remove it`, { details: { path } })
  }
}

export function inHome(variables: Variables, ...segments: readonly string[]): string {
  return join(variables.home(), ...segments)
}
