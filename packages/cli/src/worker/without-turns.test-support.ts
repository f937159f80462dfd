// A worker as it would be without turns of the event loop between trials, on a storage that never waits.
import { createStudy, float, minimize } from '@attune/core'
import { blocking } from './trainers.test-support.ts'
import { untilInterrupted } from './until-interrupted.ts'

const study = await createStudy({ space: { x: float(0, 1) }, objective: minimize('loss') })
await untilInterrupted(() => undefined, async ({ signal }) => {
  process.stdout.write('begins\n')
  await study.optimize(blocking, { trials: 100, signal })
  process.stdout.write(`ended with ${study.counts.complete} trials\n`)
})
await study.close()
