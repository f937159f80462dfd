// A study whose trial takes all memory that there is, in a process that a test has put where there is little.
import { constant, createStudy } from '@attune/core'
import { fromModule } from './from-module.ts'
import { processes } from './processes.ts'

const study = await createStudy({ space: { how: constant('resident') }, executor: processes({ slots: 1, output: 'ignore' }), seed: 1 })
await study.optimize(fromModule(new URL('trainings.test-support.ts', import.meta.url), 'misbehaves'), { trials: 1 })
console.log(JSON.stringify(study.trials().map(({ state, failure }) => [state, failure?.reason ?? null, failure?.message ?? ''])))
await study.close()
