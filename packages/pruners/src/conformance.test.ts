import { prunerSuite } from '@attune/testing'
import { asha } from './asha.ts'
import { median } from './median.ts'
import { none } from './none.ts'
import { percentile } from './percentile.ts'

const never = 'It never stops a trial: that is what it is for.'

prunerSuite('none', () => none(), {
  exempt: { 'stops a trial that is far worse than all others': never, 'is not silently switched off by steps that do not line up': never },
})
prunerSuite('median', () => median())
prunerSuite('median, judging now and then', () => median({ startupTrials: 3, warmupSteps: 2, interval: 3, minTrials: 2 }))
prunerSuite('percentile', () => percentile(25))
prunerSuite('asha', () => asha())
prunerSuite('asha with low rungs', () => asha({ minResource: 2, reductionFactor: 2, maxResource: 12 }))
