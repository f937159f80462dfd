import { writeFile } from 'node:fs/promises'
import { createStudy, float, maximize, oneOf } from '@attune/core'
import { csv, htmlReport, markdownTable, readStudy } from '@attune/report'

// A stand-in for a training: the accuracy rises towards a level that depends on the parameters.
const study = await createStudy({
  name: 'digits',
  space: {
    learningRate: float(1e-4, 1e-1, { scale: 'log' }),
    optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }),
  },
  objective: maximize('accuracy'),
  seed: 7,
})
await study.optimize(async function* (trial) {
  const { learningRate } = trial.params
  if (trial.number === 3) trial.warn('the data has a gap')
  if (learningRate > 0.08) throw new Error('the loss is not finite')
  const level = 1 - 0.2 * Math.abs(Math.log10(learningRate) + 2.5)
  for (let epoch = 1; epoch <= 9; epoch++) yield { step: epoch, accuracy: level * (1 - Math.exp(-epoch / 2)) }
}, { trials: 30 })

const data = await readStudy(study)
await writeFile('report.html', htmlReport(data, { title: 'Digits, first try', facts: [{ label: 'Test accuracy', value: '0.97' }] }))
await writeFile('trials.csv', csv(data, { spreadsheetSafe: true }))
await writeFile('trials.md', markdownTable(data, { columns: ['number', 'metrics.accuracy', 'params.learningRate'] }))
await study.close()
console.log('Open report.html in a browser.')
