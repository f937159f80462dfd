import { AttuneError, createStudy, float, maximize, MemoryArtifacts } from '@attune/core'
import * as tf from '@tensorflow/tfjs'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadModel, TFJS_CHECKPOINT_KIND, tfjsTrainer, wasm, type TfjsTrainerOptions } from '../index.ts'
import { buildDense, convnetTrainer, countTensors, data, numbersOf, run, trialOf, type Params } from '../training.test-support.ts'

beforeAll(() => wasm().activate(tf))
countTensors()

interface Stored {
  readonly bytes: Uint8Array
  readonly kind: string | undefined
  readonly meta: unknown
}

/** A loss that follows a script, one epoch a step; and what its trial keeps. */
async function train(losses: readonly number[], checkpoints: NonNullable<TfjsTrainerOptions<Params>['checkpoints']>, setArtifact?: () => Promise<void>): Promise<{ readonly stored: { readonly [name: string]: Stored }; readonly warnings: readonly string[]; readonly steps: readonly number[]; readonly offered: boolean }> {
  let epoch = 0
  const loss = (_truth: tf.Tensor, prediction: tf.Tensor): tf.Tensor => tf.add(tf.mul(tf.mean(prediction), 0), losses[epoch++]!)
  const own = tfjsTrainer<Params>({ tf, backend: wasm(), build: () => tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1] })] }), data: { train: { x: { data: [1], shape: [1, 1] }, y: [1] } }, epochs: losses.length, loss: () => loss, checkpoints })
  const stored: { [name: string]: Stored } = {}
  const trial = trialOf({ learningRate: 0.01 }, { setArtifact: setArtifact ?? (async (name, bytes, { kind, meta } = {}) => void (stored[name] = { bytes, kind, meta })) })
  const { reports } = await run(own, trial)
  await own.release?.()
  return { stored, warnings: trial.warnings, steps: reports.map(({ step }) => step), offered: reports.every(({ checkpoint }) => checkpoint !== undefined) }
}

describe('checkpoints that are kept with a trial', () => {
  it('are those of its best reports and of its last, as its artefacts', async () => {
    const { stored, warnings } = await train([5, 3, 4, 1, 2, 6], { keep: { best: 2, last: true } })
    expect(Object.keys(stored).sort()).toEqual(['checkpoint-best-1', 'checkpoint-best-2', 'checkpoint-last'])
    expect([stored['checkpoint-best-1']!.meta, stored['checkpoint-best-2']!.meta]).toEqual(expect.arrayContaining([{ step: 4, value: 1 }, { step: 5, value: 2 }]))
    expect(stored['checkpoint-last']).toMatchObject({ kind: TFJS_CHECKPOINT_KIND, meta: { step: 6 } })
    for (const { bytes } of Object.values(stored)) (await loadModel(tf, bytes)).dispose()
    expect(warnings).toEqual([])
  })

  it('are none unless they are wanted', async () => {
    expect((await train([2, 1], {})).stored).toEqual({})
    expect(Object.keys((await train([2, 1], { keep: { last: true } })).stored)).toEqual(['checkpoint-last'])
  })

  it('go on being those after a restart', async () => {
    const options = { data, build: buildDense, checkpoints: { keep: { best: 2 } }, epochs: 6 } as const
    const metas = async (part: Parameters<typeof trialOf<Params>>[1] = {}): Promise<{ readonly kept: Map<string, unknown>; readonly saved: Uint8Array[] }> => {
      const own = convnetTrainer(options)
      const kept = new Map<string, unknown>()
      const saved: Uint8Array[] = []
      await run(own, trialOf({ learningRate: 0.02 }, { setArtifact: async (name, _bytes, { meta } = {}) => void kept.set(name, meta), ...part }), async ({ checkpoint }) => saved.push(await checkpoint!()))
      await own.release?.()
      return { kept, saved }
    }
    const whole = await metas()
    const rest = await metas({ resumeFrom: { step: 3, bytes: whole.saved[2]! } })
    for (const [name, meta] of rest.kept) expect(whole.kept.get(name)).toEqual(meta)
    expect(whole.kept.size).toBe(2)
  })

  it('are resumed from like any other', async () => {
    const own = convnetTrainer({ build: buildDense, checkpoints: { keep: { last: true } } })
    const kept: Uint8Array[] = []
    const whole = await run(own, trialOf({ learningRate: 0.02 }, { setArtifact: async (_name, bytes) => void kept.push(bytes) }))
    const rest = await run(own, trialOf({ learningRate: 0.02 }, { resumeFrom: { step: 2, bytes: kept[1]! } }))
    expect(numbersOf(rest.reports)).toEqual(numbersOf(whole.reports.slice(2)))
    await own.release?.()
  })

  it('have no more bytes together than they may, and say once what is left out', async () => {
    const size = (await train([1], { keep: { last: true } })).stored['checkpoint-last']!.bytes.length
    const { stored, warnings, offered, steps } = await train([2, 3, 4, 1], { keep: { best: 3 }, maxBytes: Math.round(size * 2.5) })
    expect(Object.values(stored).map(({ meta }) => meta)).toEqual(expect.arrayContaining([{ step: 1, value: 2 }, { step: 4, value: 1 }]))
    expect(Object.keys(stored)).toHaveLength(2)
    expect(Object.values(stored).reduce((sum, { bytes }) => sum + bytes.length, 0)).toBeLessThanOrEqual(size * 2.5)
    expect(warnings).toEqual([expect.stringMatching(/kept checkpoints of this trial would have \d+ bytes, and checkpoints\.maxBytes is \d+: "checkpoint-best-3" of step 3 is not kept/)])
    expect([offered, steps]).toEqual([true, [1, 2, 3, 4]])
  })

  it('that are too large are not made at all: the training goes on to its end without', async () => {
    const { stored, warnings, offered, steps } = await train([5, 4, 3], { keep: { best: 1, last: true }, maxBytes: 8 })
    expect([stored, offered, steps]).toEqual([{}, false, [1, 2, 3]])
    expect(warnings).toEqual([expect.stringMatching(/A checkpoint of this trial has about \d+ bytes, and checkpoints\.maxBytes is 8: it trains without, and starts again if it is interrupted/)])
  })

  it('that the store does not take are a warning, not a failure', async () => {
    const { warnings, steps } = await train([5, 4, 3], { keep: { last: true } }, async () => {
      throw new AttuneError('ARTIFACT_STORE_FULL', 'The store is full.')
    })
    expect(steps).toEqual([1, 2, 3])
    expect(warnings).toEqual(['The checkpoint "checkpoint-last" of step 1 could not be kept: The store is full.'])
  })

  it('are read out of a study', async () => {
    const study = await createStudy({ space: { learningRate: float(0.01, 0.02) }, objective: maximize('valAccuracy'), artifacts: new MemoryArtifacts(), seed: 1 })
    const own = convnetTrainer({ build: buildDense, epochs: 3, checkpoints: { keep: { best: 1 } } })
    await study.optimize(own, { trials: 1 })
    const [artifact] = await study.bestArtifacts(1, 'checkpoint-best-1')
    expect(artifact).toMatchObject({ kind: TFJS_CHECKPOINT_KIND, meta: { value: study.best.metrics['valAccuracy'] } })
    const model = await loadModel(tf, artifact!.bytes)
    model.dispose()
    await study.close()
  })

  it.each([
    [{ keep: { best: -1 } }, /checkpoints\.keep\.best must be a whole number of at least 0/],
    [{ maxBytes: 0.5 }, /checkpoints\.maxBytes must be a whole number/],
  ])('are refused as %o', async (checkpoints, message) => {
    await expect(train([1], checkpoints)).rejects.toMatchObject({ code: 'TFJS_OPTION', message: expect.stringMatching(message) })
  })
})
