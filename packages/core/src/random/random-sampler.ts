import type { SamplerFactory } from '../contracts/sampler.ts'

/**
 * Draws every trial from the priors of the space, independently of all others. The baseline of every
 * comparison, and the default where no better sampler is given.
 */
export function random(): SamplerFactory {
  return {
    specVersion: 'v1',
    id: 'random',
    revision: 1,
    create: (problem) => ({ suggest: (context) => ({ params: problem.space.sample(context.random) }) }),
  }
}
