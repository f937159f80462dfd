import type { ArtifactStore } from '../contracts/artifact.ts'
import type { Clock } from '../contracts/clock.ts'
import type { Executor } from '../contracts/executor.ts'
import type { Host } from '../contracts/host.ts'
import type { LoggerFactory } from '../contracts/logger.ts'
import type { PrunerFactory } from '../contracts/pruner.ts'
import type { Random } from '../contracts/random.ts'
import type { SamplerFactory } from '../contracts/sampler.ts'
import type { Storage, StorageFactory } from '../contracts/storage.ts'
import type { Token } from './registry.ts'

/** Makes the randomness of a study out of its seed. */
export type RandomSource = (seed: number) => Random

/** The services that a study is made of: each can be replaced by a module. */
export const tokens: {
  readonly clock: Token<Clock>
  readonly random: Token<RandomSource>
  readonly host: Token<Host>
  /** A storage stays its owner's; one made from a factory is closed with the study. */
  readonly storage: Token<Storage | StorageFactory>
  readonly artifacts: Token<ArtifactStore | undefined>
  readonly executor: Token<Executor>
  readonly sampler: Token<SamplerFactory>
  readonly pruner: Token<PrunerFactory>
  /** Takes many. */
  readonly loggers: Token<LoggerFactory>
} = Object.freeze({
  clock: Symbol.for('@attune/core/Clock'),
  random: Symbol.for('@attune/core/Random'),
  host: Symbol.for('@attune/core/Host'),
  storage: Symbol.for('@attune/core/Storage'),
  artifacts: Symbol.for('@attune/core/ArtifactStore'),
  executor: Symbol.for('@attune/core/Executor'),
  sampler: Symbol.for('@attune/core/Sampler'),
  pruner: Symbol.for('@attune/core/Pruner'),
  loggers: Symbol.for('@attune/core/Logger'),
})
