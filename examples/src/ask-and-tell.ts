import { createStudy, float, maximize } from 'attune'

// You run the trials: in a laboratory, on a cluster, by hand. Several may be out at once.
const study = await createStudy({ space: { temperature: float(20, 90), ph: float(4, 9) }, objective: maximize('yield'), seed: 3, progress: false })

await study.enqueue({ temperature: 60, ph: 7 }) // What the textbook says, first.
for (let round = 0; round < 10; round++) {
  const batch = [await study.ask(), await study.ask(), await study.ask()]
  for (const trial of batch) {
    const { temperature, ph } = trial.params
    if (temperature > 88) await study.fail(trial, 'the flask boiled over')
    else await study.tell(trial, { yield: 100 - (temperature - 55) ** 2 / 20 - 8 * (ph - 6.5) ** 2 })
  }
}
const { complete, failed } = study.counts
console.log(`${complete} complete, ${failed} failed; best yield ${study.best.value.toFixed(1)} % at`, study.best.params)
