import type { Explanation } from '../contracts/explanation.ts'
import type { SuggestionTrace, TrialRecord } from '../contracts/trial-record.ts'

/** What is known of why a trial has its parameters. */
export function explain({ origin, suggestion, parent }: TrialRecord): Explanation {
  if (suggestion !== undefined) return suggestion.explanation ?? unexplained(suggestion)
  switch (origin) {
    case 'enqueued':
      return { model: 'none', why: 'These parameters were put into the queue by hand.' }
    case 'added':
      return { model: 'none', why: 'This is a result from elsewhere.' }
    case 'fork':
      return { model: 'none', why: `The pruner forked it from trial ${String(parent)}.` }
    case 'replicate':
      return { model: 'none', why: `It repeats trial ${String(parent)}.` }
    case 'sampler':
      return { model: 'none', why: 'Its parameters are chosen while it runs.' }
  }
}

/** `random()` says the same of every trial: that is not stored with each. */
function unexplained({ sampler }: SuggestionTrace): Explanation {
  return sampler.startsWith('random@') ? { model: 'prior', why: 'Drawn from the priors; results play no part.' } : { model: sampler, why: 'This sampler gives no reasons.' }
}
