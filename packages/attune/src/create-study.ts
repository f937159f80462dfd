import { AttuneError, createStudy as createCoreStudy, tokens, type Module, type Params, type Scalar, type SpaceInput, type Study, type StudyOptions as CoreStudyOptions } from '@attune/core'
import { automatic, nodeHost, progress, type ProgressOptions } from '@attune/node'
import { asha, none } from '@attune/pruners'
import { auto } from '@attune/samplers'

/** Options of a study, with defaults for work on a machine with Node. */
export interface StudyOptions<S extends SpaceInput | undefined = undefined, M extends string = string> extends CoreStudyOptions<S, M> {
  /** What is shown while trials run: options of the display, or false for nothing. Default: a live display on a terminal, lines elsewhere. */
  readonly progress?: boolean | ProgressOptions
}

const node: Module = {
  register: (registry) => registry.factory(tokens.host, [], nodeHost),
}

/**
 * Makes a study, or opens the one of that name again: core's `createStudy` with `auto` as the sampler, ASHA as the pruner
 * for one objective, a progress display, exclusive trainers made by `fromModule` in child processes, and trials that are taken over at once when their process is gone.
 * Throws what core's does.
 * @example
 * const study = await createStudy({ space: { x: float(-10, 10) } })
 * await study.optimize(({ params }) => (params.x - 2) ** 2, { trials: 100 })
 */
export async function createStudy<const S extends SpaceInput | undefined = undefined, const M extends string = string>(options: StudyOptions<S, M> = {}): Promise<Study<S extends SpaceInput ? Params<S> : { readonly [name: string]: Scalar }, M>> {
  if (typeof options !== 'object' || options === null) return createCoreStudy<S, M>(options) // Core says what is wrong with it.
  const { progress: shown = true, ...rest } = options
  if (typeof shown !== 'boolean' && (typeof shown !== 'object' || shown === null)) throw new AttuneError('OPTION', `progress must be true, false or an object of options, got ${String(shown)}.`)
  const several = Array.isArray(options.objective) && options.objective.length > 1
  const display = shown === false ? [] : [progress(shown === true ? {} : shown)]
  return createCoreStudy<S, M>({
    ...(rest as CoreStudyOptions<S, M>),
    sampler: options.sampler ?? auto(),
    pruner: options.pruner ?? (several ? none() : asha()),
    executor: options.executor ?? automatic(),
    loggers: Array.isArray(options.loggers ?? []) ? [...display, ...(options.loggers ?? [])] : options.loggers!, // Core says what is wrong with it.
    use: [node, ...(options.use ?? [])],
  })
}
