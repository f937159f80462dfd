import { AttuneError, type Json } from '@attune/core'
import { resolveConfiguration } from '../client/configuration.ts'
import type { ConnectionOptions } from '../client/options.ts'
import { connectionOptions } from '../client/settings.ts'
import type { Texts } from '../client/types.ts'
import { surroundings } from './surroundings.ts'

/** What becomes of the best trial's model. */
export interface ModelOptions {
  /** The trial's artefact that is the model. Default `model`. */
  readonly artifact?: string
  /** Registers it under this name, as a new version whenever the best trial is another one. */
  readonly registeredName?: string
  /** Points at the registered version, as in `champion`. Needs `registeredName`. */
  readonly alias?: string
  /** MLflow's signature, `{ inputs, outputs }`; default: read from the model where its format tells. */
  readonly signature?: Json
}

/** Options of `mlflow`. What is left out comes from the variables of MLflow's own client. */
export interface MlflowOptions extends ConnectionOptions {
  /** `MLFLOW_EXPERIMENT_NAME`. Made if it is missing. Default: the name that the study was created with. */
  readonly experimentName?: string
  /** `MLFLOW_EXPERIMENT_ID`. */
  readonly experimentId?: string
  /** A run that exists and becomes the run of the study. `MLFLOW_RUN_ID`. */
  readonly runId?: string
  /** Of the study's run. Default: the study's name. */
  readonly runName?: string
  /** On the run of the study. */
  readonly tags?: Texts
  /** The best trial's model as a logged model. Default: the artefact `model` of the best trial; `false` for none. */
  readonly model?: ModelOptions | false
  /** Print links to the study's pages when it ends. Default true. */
  readonly links?: boolean
  /** When what has been gathered is sent: after so many milliseconds (default 1,000, at most 60,000), and as soon as a run has so many metrics (default 500, at most 1,000). */
  readonly flush?: { readonly milliseconds?: number; readonly items?: number }
  /** What may wait in memory while the server is slow or away: pieces (default 10,000) and bytes (default 32 MiB). What is more stays in the study's history until there is room. */
  readonly queue?: { readonly events?: number; readonly bytes?: number }
}

/** What `mlflow()` was asked for, with defaults filled in. */
export interface Settings {
  /** Undefined: the study's name. */
  readonly experimentName: string | undefined
  readonly experimentId: string | undefined
  /** An existing run that becomes the run of the study. */
  readonly runId: string | undefined
  /** Undefined: the study's name. */
  readonly runName: string | undefined
  /** The user's own, on the run of the study. */
  readonly tags: Texts
  /** Tags that MLflow's own clients take from their surroundings (`mlflow.user`, `mlflow.source.name`, …), read once. */
  readonly surroundings: Texts
  /** Undefined: no model is logged. */
  readonly model: (ModelOptions & { readonly artifact: string }) | undefined
  /** Whether links to the study's pages are printed when it ends. */
  readonly links: boolean
  readonly flush: { readonly milliseconds: number; readonly items: number }
  readonly queue: { readonly events: number; readonly bytes: number }
}

/** A call of the logger is repeated by its queue, which goes on for ever; a server that never answers must not hold a request for two minutes. */
const requestTimeout = 30_000

function refuse(message: string): never {
  throw new AttuneError('MLFLOW_OPTION', message)
}

/** What `mlflow()` takes beside the options of a connection. */
const ownOptions = ['experimentName', 'experimentId', 'runId', 'runName', 'tags', 'model', 'links', 'flush', 'queue'] as const satisfies readonly (keyof MlflowOptions)[]

/** Refuses names that are misspelt, which would otherwise be left out in silence. `given` may be anything that a program in JavaScript gives. */
function refuseUnknown(where: string, given: unknown, names: readonly string[]): void {
  if (given === undefined) return
  if (typeof given !== 'object' || given === null) refuse(`mlflow(${where === '' ? '' : `{ ${where} }`}) takes an object with ${names.join(', ')}.`)
  for (const name of Object.keys(given)) if (!names.includes(name)) refuse(`mlflow(${where === '' ? '' : `{ ${where} }`}) has no option '${name}'. It has ${names.join(', ')}.`)
}

/** Throws MLFLOW_OPTION, MLFLOW_URI and MLFLOW_CONFIG for what cannot be meant. */
export function resolveOptions(options: MlflowOptions): { readonly settings: Settings; readonly connection: ConnectionOptions } {
  refuseUnknown('', options, [...ownOptions, ...connectionOptions])
  const { experimentName, experimentId, runId, runName, tags, model, links, flush, queue, ...given } = options
  if (model !== false) refuseUnknown('model', model, ['artifact', 'registeredName', 'alias', 'signature'] satisfies (keyof ModelOptions)[])
  refuseUnknown('flush', flush, ['milliseconds', 'items'])
  refuseUnknown('queue', queue, ['events', 'bytes'])
  for (const [name, value] of Object.entries({ experimentName, experimentId, runId, runName })) {
    if (value !== undefined && (typeof value !== 'string' || value === '')) refuse(`mlflow({ ${name} }) has to be a text, and is ${JSON.stringify(value)}.`)
  }
  if (experimentName !== undefined && experimentId !== undefined) refuse('mlflow() takes experimentName or experimentId, not both.')
  if (links !== undefined && typeof links !== 'boolean') refuse('mlflow({ links }) has to be true or false.')
  for (const [key, value] of Object.entries(tags ?? {})) {
    if (!['string', 'number', 'boolean'].includes(typeof value)) refuse(`mlflow({ tags }) are texts, numbers and booleans: "${key}" is none.`)
  }
  if (model !== undefined && model !== false && model.alias !== undefined && model.registeredName === undefined) {
    refuse('mlflow({ model }) is false, or as in { registeredName: "digits", alias: "champion" }: an alias points at a version of a registered model.')
  }
  const connection: ConnectionOptions = { ...given, maxRetries: given.maxRetries ?? 0, ...(given.timeout === undefined && (process.env['MLFLOW_HTTP_REQUEST_TIMEOUT'] ?? '') === '' && { timeout: requestTimeout }) }
  const { destination } = resolveConfiguration(connection)
  const chosen = experimentName !== undefined || experimentId !== undefined
  return {
    connection,
    settings: {
      experimentName: experimentName ?? (chosen ? undefined : destination.experimentId === undefined ? destination.experimentName : undefined),
      experimentId: experimentId ?? (chosen ? undefined : destination.experimentId),
      runId: runId ?? (chosen ? undefined : destination.runId),
      runName,
      tags: { ...tags },
      surroundings: surroundings(),
      model: model === false ? undefined : { artifact: 'model', ...model },
      links: links ?? true,
      flush: { milliseconds: whole('flush: { milliseconds }', flush?.milliseconds, 1_000, 0, 60_000), items: whole('flush: { items }', flush?.items, 500, 1, 1_000) },
      queue: { events: whole('queue: { events }', queue?.events, 10_000, 1, 1_000_000), bytes: whole('queue: { bytes }', queue?.bytes, 32 * 2 ** 20, 1, 2 ** 31) },
    },
  }
}

function whole(name: string, value: number | undefined, otherwise: number, least: number, most: number): number {
  if (value === undefined) return otherwise
  if (!Number.isInteger(value) || value < least || value > most) refuse(`mlflow({ ${name} }) is a whole number from ${least} to ${most}, and is ${String(value)}.`)
  return value
}
