/*
 * A process that works on a study with checkpoints, pauses and promotions until it is done, or dies at a failpoint. Says on standard
 * output what is stored: `done NUMBER LOSS`. Arguments: file, folder of artefacts, trials in all, failpoints to arm (`none` for none).
 */
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { createStudy, minimize, random, tokens, type PrunerFactory, type Report, type Trial } from '@attune/core'
import { directoryArtifacts, nodeHost } from '@attune/node'
import { sqlite } from '@attune/storage'
import { armFailpoints } from './failpoints.ts'
import { finalLoss, lossAt, simSpace, type SimParams } from './objectives.ts'

const [file = '', folder = '', trials = '0', armed = 'none'] = process.argv.slice(2)
flushCompileCache()
if (armed !== 'none') armFailpoints(armed)

/** Pauses every trial of an even number once, and lets it go on before new ones start. */
const pausing: PrunerFactory = {
  specVersion: 'v1',
  id: 'pausing',
  create: ({ history }) => ({
    judge: ({ number, step, trial }) => (number % 2 === 0 && step === 2 && trial.attempt === 1 ? 'pause' : 'continue'),
    next() {
      const [promote] = history.paused()
      return promote === undefined ? undefined : { promote }
    },
  }),
}

async function* training({ number, params, resumeFrom }: Trial<SimParams>): AsyncGenerator<Report, number, void> {
  for (let step = (resumeFrom?.step ?? 0) + 1; step <= 4; step++) {
    yield { step, loss: lossAt(params, step), checkpoint: () => new TextEncoder().encode(`${number} ${step}`) }
  }
  return finalLoss(params)
}

const host = nodeHost()
const study = await createStudy({
  name: 'failpoints',
  space: simSpace,
  objective: minimize('loss'),
  sampler: random(),
  pruner: pausing,
  storage: sqlite(file),
  artifacts: directoryArtifacts(folder),
  seed: 1,
  ifExists: 'resume',
  use: [{ register: (registry) => registry.value(tokens.host, host) }],
})
study.on((event) => {
  if (event.type === 'trial.completed' && event.trial.owner === host.identity) writeSync(1, `done ${event.trial.number} ${event.trial.value}\n`)
})
await study.optimize(training, { trials: Number(trials) })
await study.close()
