import { createStudy, float, int, ThreefryRandom, type Trial } from '@attune/core'
import { gp } from '@attune/samplers'

interface Net {
  readonly rate: number
  readonly layers: number
}
const chance = new ThreefryRandom(1)
const trueLoss = ({ rate, layers }: Net): number => (Math.log10(rate) + 3) ** 2 + 0.2 * (layers - 5) ** 2
const train = ({ number, params }: Trial<Net>): number => trueLoss(params) + 0.5 * chance.stream(number, 'noise').normal()

const study = await createStudy({ space: { rate: float(1e-5, 1, { scale: 'log' }), layers: int(1, 8) }, sampler: gp(), seed: 1 })
await study.optimize(train, { trials: 40 })

// The best trials are good or lucky: each of the first six is run five times more.
const ranked = study.trials().toSorted((a, b) => (a.value ?? Infinity) - (b.value ?? Infinity))
for (const { params } of ranked.slice(0, 6)) for (let run = 0; run < 5; run++) await study.enqueue(params, { again: true })
await study.optimize(train, { more: 30 })

const runs = Map.groupBy(study.trials(), ({ flatParams }) => JSON.stringify(flatParams))
const means = [...runs.values()].filter(({ length }) => length > 1).map((same) => ({ params: same[0]?.params, mean: same.reduce((sum, { value }) => sum + (value ?? NaN) / same.length, 0) }))
const [chosen] = means.toSorted((a, b) => a.mean - b.mean)
console.log(chosen?.params, chosen?.mean.toFixed(2), study.best.value.toFixed(2))
