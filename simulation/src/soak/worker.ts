/*
 * A process that works on a study until it is killed or the study is done. Says on standard output, one line each, what is stored:
 * `done NUMBER LOSS` and `step NUMBER STEP LOSS`. Arguments: file, folder of artefacts, study, trials in all.
 */
import { writeSync } from 'node:fs'
import { flushCompileCache } from 'node:module'
import { createStudy, minimize, random, tokens } from '@attune/core'
import { directoryArtifacts, nodeHost } from '@attune/node'
import { sqlite } from '@attune/storage'
import { soakObjective, soakSpace } from './objective.ts'

const [file = '', folder = '', name = '', trials = '0'] = process.argv.slice(2)
// A killed process leaves no compiled modules behind for the next one unless it is told to.
flushCompileCache()
const host = nodeHost()
const study = await createStudy({
  name,
  space: soakSpace,
  objective: minimize('loss'),
  sampler: random(),
  storage: sqlite(file),
  artifacts: directoryArtifacts(folder),
  seed: 1,
  ifExists: 'resume',
  use: [{ register: (registry) => registry.value(tokens.host, host) }],
})
study.on((event) => {
  if (event.type === 'trial.completed' && event.trial.owner === host.identity) writeSync(1, `done ${event.trial.number} ${event.trial.value}\n`)
  if (event.type === 'trial.reported' && event.trial.owner === host.identity) writeSync(1, `step ${event.trial.number} ${event.report.step} ${event.report.metrics['loss']}\n`)
})
writeSync(1, 'open\n')
await study.optimize(soakObjective, { trials: Number(trials) })
await study.close()
