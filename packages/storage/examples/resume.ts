import { createStudy, float, minimize } from '@attune/core'
import { sqlite } from '@attune/storage'

const study = await createStudy({
  name: 'parabola',
  space: { x: float(-10, 10), y: float(-10, 10) },
  objective: minimize('loss'),
  storage: sqlite('parabola.db'),
  seed: 1,
})

await study.optimize(({ params: { x, y } }) => (x - 2) ** 2 + (y + 1) ** 2, { more: 10 })

console.log(`${study.summary.counts.complete} trials, best at`, study.best.params)
await study.close()
