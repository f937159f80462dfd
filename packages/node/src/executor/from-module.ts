import { pathToFileURL } from 'node:url'
import { AttuneError, type ModuleReference, type Report, type Trainer, type TrainingResult } from '@attune/core'
import { refuseUnknownOptions } from '../unknown-options.ts'
import { moduleFile } from './allowed-modules.ts'
import { loadExport } from './load-export.ts'
import { trainingOf } from './training.ts'

/** Options of `fromModule`. */
export interface ModuleOptions {
  /**
   * `exclusive` (the default): trials that run at once need a thread or process each. `shared`: several may run in one process,
   * as is right for code that mostly waits.
   */
  readonly concurrency?: 'exclusive' | 'shared'
}

/** The parameters of a trainer or function, as in `ModuleParams<typeof train>`; any other type stands for itself. */
export type ModuleParams<T> = T extends Trainer<infer P> ? P : T extends (trial: infer A) => unknown ? (A extends { readonly params: infer P } ? P : unknown) : T

/**
 * A trainer that threads and child processes can load: a module and the name of its export, which is a trainer, a function, an async
 * function or an async generator function. In this process the module is imported when the first trial begins.
 * Throws OPTION and MODULE_NOT_FOUND.
 * @param reference `file:` URL, or a path from the current folder; `'./train.js#trainer'` names the export too.
 * @param name Default `'default'`.
 * @typeParam T the parameters, or the type of what is exported: `fromModule<typeof train>(…)`.
 * @example await study.optimize(fromModule<typeof train>(new URL('./train.ts', import.meta.url), 'train'), { trials: 50, concurrency: 2 })
 */
export function fromModule<T = unknown>(reference: URL | string, name?: string, options: ModuleOptions = {}): Trainer<ModuleParams<T>> {
  const module = resolved(reference, name)
  refuseUnknownOptions('fromModule()', options, ['concurrency'])
  const { concurrency = 'exclusive' } = options
  if (concurrency !== 'exclusive' && concurrency !== 'shared') throw new AttuneError('OPTION', `concurrency must be 'exclusive' or 'shared', not ${JSON.stringify(concurrency)}.`)
  let loading: Promise<unknown> | undefined
  const load = (): Promise<unknown> => (loading ??= exportOf(module))
  async function* train(trial: Parameters<Trainer['train']>[0]): AsyncGenerator<Report, TrainingResult, void> {
    const exported = await load()
    if (concurrency === 'shared' && (exported as Partial<Trainer>).concurrency === 'exclusive') {
      throw new AttuneError('OPTION', `"${module.name}" of ${module.url} is an exclusive trainer, and cannot run several trials in one process: leave out concurrency: 'shared'.`)
    }
    return yield* trainingOf(exported, trial)
  }
  return {
    specVersion: 'v1',
    id: `${decodeURIComponent(module.url.slice(module.url.lastIndexOf('/') + 1))}#${module.name}`,
    concurrency,
    module,
    train,
    async release() {
      // Where it could not be loaded the trials have said so, and there is nothing to release.
      const exported = (await loading?.catch(() => undefined)) as Partial<Trainer> | undefined
      if (typeof exported === 'object') await exported.release?.()
    },
  }
}

function resolved(reference: URL | string, name: string | undefined): ModuleReference {
  const { url, named } = typeof reference === 'string' && !/^file:/i.test(reference) ? fromPath(reference) : fromUrl(reference)
  if (name !== undefined && named !== '') throw new AttuneError('OPTION', `The export is named twice: "${named}" in the reference, and "${name}". Name it once.`)
  // From which folders it may be loaded is for the executor to say.
  const file = moduleFile(url)
  if ('problem' in file) throw new AttuneError(file.code, file.problem)
  return { url: pathToFileURL(file.path).href, name: name ?? (named === '' ? 'default' : named) }
}

/** A module, and the name behind its `#`. */
interface Reference {
  readonly url: string
  readonly named: string
}

/** A path from the current folder, with the export behind the last `#`. */
function fromPath(reference: string): Reference {
  const hash = reference.lastIndexOf('#')
  return hash < 0 ? { url: pathToFileURL(reference).href, named: '' } : { url: pathToFileURL(reference.slice(0, hash)).href, named: reference.slice(hash + 1) }
}

function fromUrl(reference: URL | string): Reference {
  try {
    const url = new URL(reference)
    const named = decodeURIComponent(url.hash.slice(1))
    url.hash = ''
    return { url: url.href, named }
  } catch {
    throw new AttuneError('OPTION', `${JSON.stringify(String(reference))} names no module: pass new URL('./train.js', import.meta.url), or a path from the current folder.`)
  }
}

async function exportOf({ url, name }: ModuleReference): Promise<unknown> {
  const loaded = await loadExport(url, name)
  if ('problem' in loaded) throw new AttuneError(loaded.code, loaded.problem, { cause: loaded.cause })
  return loaded.exported
}
