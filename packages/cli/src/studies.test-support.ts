// Studies in a file, for commands to read.
import { constraint, createStudy, float, int, maximize, minimize, oneOf, space } from '@attune/core'
import { asha } from '@attune/pruners'
import { sqlite } from '@attune/storage'

/** A study as people have them: branches, pruned and failed trials, a goal, a warning. */
export async function makeDigits(file: string): Promise<void> {
  const study = await createStudy({
    name: 'digits',
    storage: sqlite(file),
    seed: 7,
    objective: maximize('accuracy'),
    pruner: asha(),
    space: { learningRate: float(1e-4, 1e-1, { scale: 'log' }), layers: int(1, 3), optimizer: oneOf({ sgd: { momentum: float(0, 0.99) }, adam: {} }) },
  })
  await study.optimize(async function* ({ params, number }) {
    if (number === 5) throw new Error('the loss is not finite\u001b[31m')
    const level = 1 - 0.1 * Math.abs(Math.log10(params.learningRate) + 2)
    for (let step = 1; step <= 9; step++) yield { step, accuracy: level * (1 - Math.exp(-step / 3)), exact: [NaN, Infinity, -0][number % 3]! }
  }, { trials: 20 })
  study.warn('tester', 'The data has a gap, which is said at such length that it does not fit on one line of a terminal that has eighty columns.')
  await study.close()
}

/** A study with two objectives and a wide name, which nobody has given a goal. */
export async function makeFront(file: string, name = '手書き数字 ✏️'): Promise<void> {
  const study = await createStudy({ name, storage: sqlite(file), seed: 3, objective: [maximize('accuracy'), minimize('latency')], space: { size: float(0, 1), 'a-parameter-with-a-name-that-is-much-longer-than-others': float(0, 1) } })
  const trial = await study.ask()
  await study.tell(trial, { accuracy: 0.5, latency: 2 })
  await study.add({ params: { size: 0.25, 'a-parameter-with-a-name-that-is-much-longer-than-others': 1 / 3 }, metrics: { accuracy: 0.25, latency: 1 } })
  await study.close()
}

/** A study whose space has a constraint that is a function, before its first trial. */
export async function makeConstrained(file: string): Promise<void> {
  const sized = space({ a: float(0, 1), b: float(0, 1) }, { constraints: [constraint('sum', ({ a, b }) => a + b - 1, { version: 2 })] })
  const study = await createStudy({ name: 'constrained', storage: sqlite(file), seed: 3, objective: minimize('loss'), space: sized })
  await study.close()
}
