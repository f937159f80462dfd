import { choice, createStudy, float, int, listStudies, loadStudy, maximize, mergeStudies, sqlite } from 'attune'

const storage = sqlite(process.argv[2] ?? 'out/correcting.db')
const space = { rate: float(1e-3, 1e-1, { scale: 'log' }), layers: int(1, 3) }
const options = { storage, objective: maximize('accuracy'), seed: 3, progress: false } as const
const train = (rate: number, layers: number, dropout = 0): number => 0.9 - (Math.log10(rate) + 2) ** 2 / 10 - (layers - 3) ** 2 / 50 + dropout * (0.5 - dropout)

const study = await createStudy({ name: 'digits', space, ...options })
await study.optimize(({ number, params }) => ({ accuracy: number === 4 ? 97 : train(params.rate, params.layers) }), { trials: 8 })

// Trial 4 told its accuracy in percent, so everything would be judged by it. Trial 0 was trained on the wrong data.
const by = 'Ada'
await study.edit(4, { metrics: { accuracy: 0.8 } }, 'it was in percent', { by })
await study.void(0, 'trained on the test set', { by })
await study.addMetrics(study.best.number, { testAccuracy: 0.85 }, 'measured on the test set', { by })

// More than three layers may be better, and nobody had thought of dropout: the trials so far had none.
const wider = await study.extendSpace({ ...space, layers: int(1, 6), dropout: float(0, 0.5), optimizer: choice(['adam', 'sgd']) }, { values: { dropout: 0, optimizer: 'adam' }, note: 'deeper networks', by })
await wider.optimize(({ params }) => ({ accuracy: train(params.rate, params.layers, params.dropout) }), { trials: 16 })
await wider.rename('digits, deep', { by })
await wider.close()

// A colleague had tried the first space as well.
await using other = await createStudy({ name: 'digits of Bo', space, ...options })
await other.optimize(({ params }) => ({ accuracy: train(params.rate, params.layers) }), { trials: 5 })
const { added } = await mergeStudies(storage, 'digits of Bo', 'digits, deep', { note: 'the same data', by: 'Bo' })

await using all = await loadStudy({ storage, name: 'digits, deep' })
for (const { what, by: who, note, ...entry } of await all.history()) console.log(`${who}: ${what}${'number' in entry ? ` of trial ${entry.number}` : ''}${note === undefined ? '' : ` (${note})`}`)
console.log(`${added} trials of Bo's are among ${all.trials().length}; the best is trial ${all.best.number} with ${Object.keys(all.best.flatParams).length} parameters`)
console.log((await listStudies(storage)).map(({ definition }) => definition.name).join(' | '))
