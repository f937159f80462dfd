import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createStudy, float, int, minimize, type Executor, type Study, type Trainer } from '@attune/core'
import { fromModule, processes, threads } from 'attune'
import { afterEach, describe, expect, it } from 'vitest'
import { softwareGpu } from '../tools/software-gpu.mjs'
import { ensureTfjsNode } from '../tools/tfjs-node.mjs'
import { meetingPlace, onCpu, onWasm, type Params } from './isolation.test-support.ts'
import { inFolder } from './programs.test-support.ts'

const module = new URL('isolation.test-support.ts', import.meta.url)
const studies: Study<Params>[] = []

afterEach(async () => {
  delete process.env[meetingPlace]
  for (const study of studies.splice(0)) await study.close()
})

async function studyOn(executor: Executor | undefined): Promise<Study<Params>> {
  const study = await createStudy({
    space: { learningRate: float(1e-3, 1e-1, { scale: 'log' }), units: int(2, 2 ** 24) },
    objective: minimize('valLoss'),
    seed: 5,
    ...(executor === undefined ? {} : { executor }),
  })
  studies.push(study)
  return study
}

/** Parameters, seeds and so numbers follow from what is enqueued, whichever trial is quicker. */
async function sixTrials(executor: Executor | undefined, trainer: Trainer<Params>): Promise<Study<Params>> {
  const study = await studyOn(executor)
  for (let i = 0; i < 6; i++) await study.enqueue({ learningRate: 0.005 * (i + 1), units: 3 + i })
  await study.optimize(trainer, { trials: 6 })
  return study
}

const numbers = (study: Study<Params>): unknown => study.trials().map(({ number, state, params, reports }) => ({ number, state, params, reports: reports.map(({ step, metrics }) => ({ step, metrics })) }))

describe('a trainer of TensorFlow.js', () => {
  const where: [string, string, Trainer<Params>, () => Executor][] = [
    ['onCpu', 'threads', onCpu, () => threads({ slots: 2 })],
    ['onWasm', 'threads', onWasm, () => threads({ slots: 2 })],
    ['onCpu', 'child processes', onCpu, () => processes({ slots: 2, env: { [meetingPlace]: process.env[meetingPlace]! } })],
    ['onWasm', 'child processes', onWasm, () => processes({ slots: 2, env: { [meetingPlace]: process.env[meetingPlace]! } })],
  ]

  it.each(where)('%s trains in two %s at once, gives the numbers of this process, and loads its data once in each', async (name, _, trainer, executor) => {
    const alone = await sixTrials(undefined, trainer)
    await inFolder(async (folder) => {
      process.env[meetingPlace] = folder
      const study = await sixTrials(executor(), fromModule<Params>(module, name))
      expect(numbers(study)).toEqual(numbers(alone))
      const places = new Set(study.trials().map(({ attributes }) => attributes['where']))
      expect(places.size).toBe(2)
      expect(places).not.toContain(alone.trial(0).attributes['where'])
      await study.enqueue({ learningRate: 0.01, units: 4 })
      await study.optimize(fromModule<Params>(module, name), { trials: 1 })
      const loads = readFileSync(join(folder, 'loads'), 'utf8').trim().split('\n')
      expect(new Set(loads)).toEqual(places)
      expect(loads).toHaveLength(2)
    })
  })

  const gpu = softwareGpu()
  const apart: [string, string, { readonly missing?: string | undefined }, { readonly [variable: string]: string }][] = [
    ['onNode', 'native TensorFlow', ensureTfjsNode(), { TF_CPP_MIN_LOG_LEVEL: '2' }],
    ['onWebgpu', 'WebGPU', gpu, gpu.environment ?? {}],
  ]

  for (const [name, library, { missing }, variables] of apart) it.skipIf(missing !== undefined)(`${name} trains on ${library} in two child processes at once, and gets what cpu gets but for rounding${missing === undefined ? '' : ` (skipped: ${missing})`}`, async () => {
    const onPlain = await sixTrials(undefined, onCpu)
    await inFolder(async (folder) => {
      process.env[meetingPlace] = folder
      const study = await sixTrials(processes({ slots: 2, env: { [meetingPlace]: folder, ...variables } }), fromModule<Params>(module, name))
      expect(new Set(study.trials().map(({ attributes }) => attributes['where'])).size).toBe(2)
      expect(readFileSync(join(folder, 'loads'), 'utf8').trim().split('\n')).toHaveLength(2)
      for (const { number, state, reports } of study.trials()) {
        expect(state).toBe('complete')
        for (const [index, { metrics }] of reports.entries()) expect(metrics['valLoss']).toBeCloseTo(onPlain.trial(number).reports[index]!.metrics['valLoss']!, 4)
      }
    })
  })

  it.each(['threads', 'processes'] as const)('fails a trial whose batch does not fit into memory, in %s, and trains the next one in the same place', async (kind) => {
    const study = await studyOn(kind === 'threads' ? threads({ slots: 1 }) : processes({ slots: 1 }))
    // 48 samples with 2 ** 24 floats each are 3 GiB, and what comes of them as much again.
    await study.enqueue({ learningRate: 0.01, units: 2 ** 24 })
    await study.enqueue({ learningRate: 0.01, units: 4 })
    await study.optimize(fromModule<Params>(module, 'onWasm'), { trials: 1 })
    const [large, small] = study.trials()
    expect(large?.failure).toMatchObject({ reason: 'out-of-memory', message: expect.stringMatching(/^The backend "wasm" ran out of memory with batches of 48: Out of memory: WebAssembly has no \d+ MiB left of at most 4096\. A smaller batchSize/) })
    expect(small).toMatchObject({ state: 'complete', attributes: large?.attributes })
  })

  it('fails a trial that breaks the limit of its child process, and goes on in another', async () => {
    const study = await studyOn(processes({ slots: 1, perTrial: { memoryMb: 300 } }))
    await study.enqueue({ learningRate: 0.01, units: 2 ** 20 })
    await study.enqueue({ learningRate: 0.01, units: 4 })
    await study.optimize(fromModule<Params>(module, 'hungry'), { trials: 1 })
    const [large, small] = study.trials()
    expect(large?.failure).toMatchObject({ reason: 'out-of-memory', message: expect.stringContaining('300') })
    expect(small).toMatchObject({ state: 'complete' })
  })
})
