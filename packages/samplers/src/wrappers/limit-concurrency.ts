import { AttuneError, type Awaitable, type SamplerFactory } from '@attune/core'
import type { Answer } from './inner-note.ts'
import { checkSampler, InnerSampler } from './inner-sampler.ts'

const id = 'limit-concurrency'

/**
 * The same sampler, for at most `trials` trials at once, however many `optimize({ concurrency })` and other processes would run: while as
 * many run, in any process, it waits. For samplers that learn more from a result than from another trial beside it. Trials from the queue do not ask it.
 * Each suggestion is the one that the sampler would make alone. Throws OPTION unless `trials` is a whole number from 1.
 */
export function limitConcurrency(sampler: SamplerFactory, trials: number): SamplerFactory {
  checkSampler('limitConcurrency', sampler)
  if (!Number.isSafeInteger(trials) || trials < 1) throw new AttuneError('OPTION', `limitConcurrency takes a whole number of trials from 1, not ${String(trials)}.`, { details: { trials } })
  return {
    specVersion: 'v1',
    id,
    revision: 1,
    create: (problem) => {
      const inner = new InnerSampler(sampler, problem, { wrapper: id })
      const suggest = (context: Parameters<InnerSampler['suggest']>[0]): Awaitable<Answer> => (context.running.length >= trials ? { wait: true } : inner.suggest(context))
      return inner.observes ? { observe: (trial) => inner.observe(trial), suggest } : { suggest }
    },
  }
}
