import { halving, population, promoting } from '../../packages/core/src/study/schedulers.test-support.ts'
import { prunerSuite } from '../../packages/testing/src/index.ts'

const exempt = {
  'stops a trial that is far worse than all others': 'It ends no trial by a verdict: those that are worse stay paused at their step.',
  'is not silently switched off by steps that do not line up': 'It compares at the steps that it gives to trials, which report there.',
}

prunerSuite('a scheduler that promotes', () => promoting([1, 2, 4, 8]), { exempt })
prunerSuite('a scheduler that forks', () => population(4, 2, 8), { exempt })
prunerSuite('a scheduler that waits', () => halving(4, [1, 2, 4]), { exempt: { ...exempt, 'judges by the history alone at steps that do not line up': 'It needs its trials to report at its rungs.' } })
