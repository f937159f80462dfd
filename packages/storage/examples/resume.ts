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

const { complete } = study.summary.counts
console.log(`${complete} trials, best loss ${study.best.value.toFixed(3)} at trial ${study.best.number}`)
await study.close()
