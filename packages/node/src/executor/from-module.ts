import { pathToFileURL } from 'node:url'
import { AttuneError, type ModuleReference, type Report, type Trainer, type TrainingResult } from '@attune/core'
import { moduleFile } from './allowed-modules.ts'
import { loadExport } from './load-export.ts'
import { trainingOf } from './training.ts'

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
  const url = typeof reference === 'string' && !/^file:/i.test(reference) ? fromPath(reference) : new URL(reference)
  const named = decodeURIComponent(url.hash.slice(1))
  if (name !== undefined && named !== '') throw new AttuneError('OPTION', `The export is named twice: "${named}" in the reference, and "${name}". Name it once.`)
  url.hash = ''
  // From which folders it may be loaded is for the executor to say.
  const file = moduleFile(url.href)
  if ('problem' in file) throw new AttuneError(file.code, file.problem)
  return { url: url.href, name: name ?? (named === '' ? 'default' : named) }
}

/** A path from the current folder, with the export behind the last `#`. */
function fromPath(reference: string): URL {
  const hash = reference.lastIndexOf('#')
  const url = pathToFileURL(hash < 0 ? reference : reference.slice(0, hash))
  if (hash >= 0) url.hash = reference.slice(hash + 1)
  return url
}

async function exportOf({ url, name }: ModuleReference): Promise<unknown> {
  const loaded = await loadExport(url, name)
  if ('problem' in loaded) throw new AttuneError(loaded.code, loaded.problem, { cause: loaded.cause })
  return loaded.exported
}
