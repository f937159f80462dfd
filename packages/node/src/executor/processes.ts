import { AttuneError, type Executor } from '@attune/core'
import { refuseUnknownOptions } from '../unknown-options.ts'
import { childEnvironment, type Variables } from './environment.ts'
import { poolExecutor, rootsOf, type AllowOption } from './pool-executor.ts'
import { startProcess } from './process-runner.ts'
import { checkNumber, planSlots, type SlotOptions, type SlotPlan } from './slots.ts'

/** Options of `processes`. Memory and messages are in MiB. */
export interface ProcessesOptions extends SlotOptions, AllowOption {
  /** Variables for the children, besides those that programs, libraries and drivers are found with. Nothing else of the environment crosses. */
  readonly env?: Variables
  /** Further flags of Node for the children, as in `['--expose-gc']`. */
  readonly nodeOptions?: readonly string[]
  /** What becomes of what children print: `inherit` (the default) shows it here. */
  readonly output?: 'inherit' | 'ignore'
  /** MiB that one checkpoint, artefact or other message may have. Default 1024. */
  readonly maxMessageMb?: number
}

/**
 * Runs trials in child processes: one each at a time, used again for the next trial. What hangs, crashes, exits or takes too much
 * memory is a failed trial, and no other notices. Children end with this process, however that comes. Needs a trainer made by
 * `fromModule`. One executor serves one study, whose `close` ends the children. Throws OPTION.
 * @example const study = await createStudy({ space, executor: processes({ devices: [0, 1], perTrial: { device: 0.5, memoryMb: 8000 } }) })
 */
export function processes(options: ProcessesOptions = {}): Executor {
  refuseUnknownOptions('processes()', options, ['slots', 'devices', 'cpus', 'memoryMb', 'perTrial', 'env', 'nodeOptions', 'allow', 'output', 'maxMessageMb'])
  refuseUnknownOptions('perTrial of processes()', options.perTrial ?? {}, ['device', 'cpus', 'memoryMb'])
  return processExecutor('processes', options, planSlots(options))
}

/** An executor of child processes with slots as planned. */
export function processExecutor(id: string, options: ProcessesOptions, plan: SlotPlan): ReturnType<typeof poolExecutor> {
  const { env = {}, nodeOptions = [], output = 'inherit', maxMessageMb = 1024, perTrial } = options
  checkNumber('maxMessageMb', maxMessageMb, 1, false)
  // The length of a message crosses in 32 bits.
  if (maxMessageMb > 4095) throw new AttuneError('OPTION', `maxMessageMb must be at most 4095, not ${maxMessageMb}.`)
  if (output !== 'inherit' && output !== 'ignore') throw new AttuneError('OPTION', `output must be 'inherit' or 'ignore', not ${JSON.stringify(output)}.`)
  // Flags given as one text would be taken apart into letters.
  if (!areTexts(nodeOptions) || !Array.isArray(nodeOptions)) throw new AttuneError('OPTION', "nodeOptions must be an array of flags, as in ['--expose-gc'].")
  if (!areTexts(env)) throw new AttuneError('OPTION', "env must hold texts by name, as in { MODEL_DIRECTORY: '/models' }.")
  const roots = rootsOf(options)
  return poolExecutor(id, plan.count, roots, (slot, events) =>
    startProcess({ env: childEnvironment(plan.variables(slot), env), nodeOptions, memoryMb: perTrial?.memoryMb, maxBytes: Math.floor(maxMessageMb * 2 ** 20), roots, output }, events),
  )
}

function areTexts(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.values(value).every((each) => typeof each === 'string')
}
