import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AttuneError, type Executor, type ModuleReference, type Trainer } from '@attune/core'
import { allowedModule, defaultRoots, existsAs } from './allowed-modules.ts'
import { runnerVariable } from './environment.ts'
import { RunnerPool } from './pool.ts'
import type { StartRunner } from './runner.ts'

/** Which modules threads and child processes may load. */
export interface AllowOption {
  /** Folders whose modules may be loaded, with all that is below them. Default: the package of the program that runs, and the current folder. */
  readonly allow?: readonly (string | URL)[]
}

/** Real paths of the folders that modules may be loaded from. Throws OPTION. */
export function rootsOf({ allow }: AllowOption): readonly string[] {
  if (allow === undefined) return defaultRoots()
  return allow.map((folder) => {
    const path = folder instanceof URL || folder.startsWith('file:') ? fileURLToPath(folder) : folder
    if (!existsAs(path, 'folder')) throw new AttuneError('OPTION', `allow names ${path}, which is no folder.`)
    return realpathSync(path)
  })
}

/** An executor on a pool of threads or child processes. */
export function poolExecutor(id: string, count: number, roots: readonly string[], start: StartRunner): Executor & { readonly exclusively: NonNullable<Executor['exclusively']> } {
  const pool = new RunnerPool(count, start)
  /** Throws what says why this trainer cannot be run elsewhere. */
  const moduleOf = ({ id: name, module }: Trainer): ModuleReference => {
    if (module === undefined) {
      throw new AttuneError('OPTION', `"${name}" lives in this process only, and cannot be run in ${id === 'threads' ? 'threads' : 'child processes'}. Export it from a module of its own and pass fromModule(new URL('./train.js', import.meta.url), 'train'), or leave out the executor.`)
    }
    if (process.env[runnerVariable] !== undefined) {
      throw new AttuneError('OPTION', `The module of a trainer starts a study of its own, in the thread or process that was to run it. Put what ${module.name} needs in a module that only exports it.`)
    }
    const allowed = allowedModule(module.url, roots)
    if ('problem' in allowed) throw new AttuneError(allowed.code, allowed.problem)
    return { url: allowed.url, name: module.name }
  }
  return {
    specVersion: 'v1',
    id,
    ...(Number.isFinite(count) ? { concurrency: count } : {}),
    slots(trainer) {
      moduleOf(trainer)
      return count
    },
    run: (trainer, trial) => pool.run(moduleOf(trainer), trial),
    exclusively: (work) => pool.exclusively(work),
    close: () => pool.close(),
  }
}
