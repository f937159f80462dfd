import { AttuneError } from '../errors.ts'
import { show } from '../space/show.ts'

interface Plugins {
  readonly sampler?: unknown
  readonly pruner?: unknown
  readonly storage?: unknown
  readonly artifacts?: unknown
  readonly executor?: unknown
  readonly loggers?: unknown
}

/** What each plugin can do at least, and how one is had. */
const expected = {
  sampler: [['create'], 'sampler: random()'],
  pruner: [['create'], 'pruner: asha(), of @attune/pruners'],
  storage: [['create', 'write'], "storage: sqlite('study.db'), of @attune/storage"],
  artifacts: [['put'], 'artifacts: new MemoryArtifacts()'],
  executor: [['run'], 'executor: new InProcessExecutor()'],
} as const

/** Refuses what cannot be a plugin (a name, a factory that was not called), before anything calls it. Throws OPTION. */
export function checkPlugins(options: Plugins): void {
  for (const name of Object.keys(expected) as (keyof typeof expected)[]) {
    const [methods, example] = expected[name]
    if (options[name] !== undefined && !methods.some((method) => has(options[name], method))) throw wrong(name, options[name], example)
  }
  const { loggers } = options
  if (loggers === undefined) return
  if (!Array.isArray(loggers)) throw wrong('loggers', loggers, "loggers: [tensorboard({ logDir: 'runs' })], an array")
  for (const logger of loggers as readonly unknown[]) if (!has(logger, 'create')) throw wrong('loggers', logger, "loggers: [tensorboard({ logDir: 'runs' })]")
}

function has(value: unknown, method: string): boolean {
  return typeof value === 'object' && value !== null && typeof (value as { readonly [name: string]: unknown })[method] === 'function'
}

function wrong(name: string, value: unknown, example: string): AttuneError {
  return new AttuneError('OPTION', `${name} cannot be ${show(value)}: give one as in ${example}.${typeof value === 'function' ? ' Was it not called?' : ''}`)
}
