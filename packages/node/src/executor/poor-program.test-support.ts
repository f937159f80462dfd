// A study in a process that lacks something: a reader of its output, or file descriptors. It tells on the error stream what became of its trials.
import { openSync } from 'node:fs'
import process from 'node:process'
import { createStudy, float } from '@attune/core'
import { fromModule } from './from-module.ts'
import { processes } from './processes.ts'
import { threads } from './threads.ts'

const [, , kind, lack] = process.argv

/** Opens as many files as there may be. */
function takeDescriptors(): void {
  try {
    for (;;) openSync('/dev/null', 'r')
  } catch {
    // Now there are no more.
  }
}

const study = await createStudy({ space: { x: float(-5, 5) }, executor: kind === 'threads' ? threads({ slots: 1 }) : processes({ slots: 1 }), seed: 1 })
if (lack === 'descriptors') takeDescriptors()
await study.optimize(fromModule(new URL('trainings.test-support.ts', import.meta.url), 'prints'), { trials: 2, stop: ({ counts }) => (counts.failed > 0 ? 'enough' : undefined) })
process.stderr.write(JSON.stringify(study.trials().map(({ state, failure }) => [state, failure?.reason ?? null, failure?.message ?? ''])))
await study.close()
