import type { Executor } from '@attune/core'
import { refuseUnknownOptions } from '../unknown-options.ts'
import { poolExecutor, rootsOf, type AllowOption } from './pool-executor.ts'
import { planSlots, type SlotOptions } from './slots.ts'
import { startThread } from './thread-runner.ts'

/** Options of `threads`. Memory is in MiB. */
export interface ThreadsOptions extends AllowOption, Pick<SlotOptions, 'slots' | 'cpus'> {
  readonly perTrial?: {
    /** MiB of JavaScript memory: a trial that takes more is ended as out of memory. Default: Node's own limit. */
    readonly memoryMb?: number
  }
}

/**
 * Runs trials in worker threads: quicker to start than child processes, and less apart. A crash of native code ends the whole
 * process, and libraries that cannot be loaded twice in one process do not work. Needs a trainer made by `fromModule`. One
 * executor serves one study, whose `close` ends the threads. Throws OPTION.
 * @example const study = await createStudy({ space, executor: threads({ slots: 4 }) })
 */
export function threads(options: ThreadsOptions = {}): Executor {
  refuseUnknownOptions('threads()', options, ['slots', 'cpus', 'perTrial', 'allow'])
  const { perTrial, ...rest } = options
  refuseUnknownOptions('perTrial of threads()', perTrial ?? {}, ['memoryMb'])
  const { count } = planSlots(perTrial?.memoryMb === undefined ? rest : { ...rest, perTrial: { memoryMb: perTrial.memoryMb } })
  const roots = rootsOf(options)
  return poolExecutor('threads', count, roots, (_slot, events) => startThread({ memoryMb: perTrial?.memoryMb, roots }, events))
}
