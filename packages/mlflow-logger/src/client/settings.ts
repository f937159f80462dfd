import { Variables, type Environment } from './environment.ts'
import { MlflowError } from './errors.ts'
import type { ConnectionOptions } from './options.ts'

const mebibyte = 2 ** 20
const hour = 3_600_000

type NumberName = 'maxRetries' | 'backoffFactor' | 'backoffJitter' | 'timeout' | 'deadline' | 'transferTimeout' | 'maxAnswerBytes' | 'multipartFrom' | 'partSize'

/** Limits of numbers, in the units of the options. */
const ranges: { readonly [name in NumberName]: { readonly min: number; readonly max: number; readonly whole: boolean } } = {
  maxRetries: { min: 0, max: 10, whole: true },
  backoffFactor: { min: 0, max: 120_000, whole: false },
  backoffJitter: { min: 0, max: 120_000, whole: false },
  timeout: { min: 1, max: 24 * hour, whole: false },
  deadline: { min: 1, max: 24 * hour, whole: false },
  transferTimeout: { min: 1, max: 24 * 24 * hour, whole: false },
  maxAnswerBytes: { min: 1024, max: 2 ** 31, whole: true },
  multipartFrom: { min: 1, max: Number.MAX_SAFE_INTEGER, whole: true },
  partSize: { min: 5 * mebibyte, max: 5 * 1024 * mebibyte, whole: true },
}

const known: { readonly [name in keyof Required<ConnectionOptions>]: true } = {
  trackingUri: true, registryUri: true, username: true, password: true, token: true, workspace: true, headers: true, insecureTls: true, serverCertPath: true,
  clientCertPath: true, httpAgent: true, httpsAgent: true, keepAlive: true, allowRedirects: true, maxRetries: true, backoffFactor: true, backoffJitter: true,
  respectRetryAfter: true, timeout: true, deadline: true, transferTimeout: true, maxAnswerBytes: true, multipartFrom: true, partSize: true, artifactStores: true,
}

/** The names of all options of a connection. */
export const connectionOptions: readonly string[] = Object.keys(known)

/** Ends with `MLFLOW_CONFIG`. */
export function refuse(message: string): never {
  throw new MlflowError('MLFLOW_CONFIG', message)
}

/** Options first, then the environment; each value checked where it is read, by the name it has there. */
export class Settings {
  readonly options: ConnectionOptions
  readonly variables: Variables

  constructor(options: ConnectionOptions, environment: Environment) {
    for (const name of Object.keys(options)) if (!Object.hasOwn(known, name)) refuse(`There is no option '${name}'. Options: ${connectionOptions.join(', ')}`)
    this.options = options
    this.variables = new Variables(environment)
  }

  /** An option alone. */
  text(name: 'trackingUri' | 'registryUri' | 'username' | 'password' | 'token' | 'workspace' | 'serverCertPath' | 'clientCertPath'): string | undefined {
    const value: unknown = this.options[name]
    if (value !== undefined && typeof value !== 'string') refuse(`The option '${name}' has to be a text`)
    return value
  }

  flag(name: 'insecureTls' | 'allowRedirects' | 'respectRetryAfter' | 'keepAlive', variable?: string): boolean | undefined {
    const value: unknown = this.options[name]
    if (value !== undefined && typeof value !== 'boolean') refuse(`The option '${name}' has to be true or false`)
    return value ?? (variable === undefined ? undefined : this.variables.boolean(variable))
  }

  /** `unit`: how many of the option's units one of the variable's is. */
  number(name: NumberName, otherwise: number, variable?: string, unit = 1): number {
    const { min, max, whole } = ranges[name]
    const value: unknown = this.options[name]
    if (value === undefined) {
      const read = variable === undefined ? undefined : this.variables.number(variable, { min: min / unit, max: max / unit, whole })
      return read === undefined ? otherwise : read * unit
    }
    if (typeof value !== 'number' || !(value >= min && value <= max) || (whole && !Number.isInteger(value))) {
      return refuse(`The option '${name}' is ${typeof value === 'number' ? String(value) : `a ${typeof value}`}, and has to be ${whole ? 'a whole number' : 'a number'} from ${min} to ${max}`)
    }
    return value
  }
}
