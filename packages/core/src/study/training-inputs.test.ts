import { describe, expect, it } from 'vitest'
import type { Trainer } from '../contracts/trainer.ts'
import { type TrainingInput, trainingInputs } from '../contracts/training-input.ts'
import { float } from '../space/builders.ts'
import { createStudy } from './create-study.ts'

function trainer(inputs: unknown): Trainer {
  return { specVersion: 'v1', id: 'digits', concurrency: 'shared', inputs: inputs as readonly TrainingInput[], async *train() {
    yield { step: 1, value: await Promise.resolve(1) }
  } }
}

const digits: TrainingInput = { kind: 'dataset', name: 'digits', digest: '9a3f', context: 'training', sourceType: 'local', source: '/data/digits', schema: { pixels: [28, 28] }, profile: { examples: 60_000 } }

describe('what a training starts from', () => {
  it('stands with the study, as its trainer says, and is written down again only if it differs', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, seed: 1 })
    const written = async (): Promise<readonly unknown[]> => {
      const values: unknown[] = []
      for await (const event of study.events()) if (event.type === 'attribute.set' && event.key === trainingInputs) values.push(event.value)
      return values
    }
    await study.optimize(trainer([digits]), { trials: 1 })
    await study.optimize(trainer([{ ...digits, source: digits.source, digest: '9a3f' }]), { trials: 2 })
    expect(study.attributes[trainingInputs]).toEqual([digits])
    expect(await written()).toEqual([[digits]])
    await study.optimize(trainer([digits, { kind: 'model', name: 'resnet', digest: undefined }]), { trials: 3 })
    await study.optimize(trainer(undefined), { trials: 4 })
    expect(await written()).toEqual([[digits], [digits, { kind: 'model', name: 'resnet' }]])
  })

  it('stands with a trial where its training says so', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, seed: 1 })
    await study.optimize(async (trial) => {
      await trial.setAttribute(trainingInputs, [{ kind: 'dataset', name: `fold ${trial.number}`, context: 'training' }])
      return 1
    }, { trials: 2 })
    expect(study.trials().map(({ attributes }) => attributes[trainingInputs])).toEqual([0, 1].map((number) => [{ kind: 'dataset', name: `fold ${number}`, context: 'training' }]))
  })

  it.each<[unknown, string]>([
    ['digits', 'The inputs of trainer "digits" cannot be "digits". Give a list, as in [{ kind: \'dataset\', name: \'digits\', context: \'training\' }].'],
    [[digits, 'digits'], 'have "digits" at index 1'],
    [[{ name: 'digits' }], 'have undefined as "kind" at index 0'],
    [[{ kind: 'dataset' }], 'have undefined as "name" at index 0'],
    [[{ kind: 'dataset', name: '' }], 'have "" as "name" at index 0'],
    [[{ ...digits, digest: 7 }], 'have 7 as "digest" at index 0, which must be a text. Give a list'],
    [[{ ...digits, contxt: 'training' }], 'have the unknown key "contxt" at index 0. Did you mean "context"? Give a list'],
    [[{ ...digits, profile: new Map() }], 'are not plain data'],
  ])('is refused where it is of another shape, before anything starts (%o)', async (inputs, message) => {
    const study = await createStudy({ space: { x: float(0, 1) }, seed: 1 })
    await expect(study.optimize(trainer(inputs), { trials: 1 })).rejects.toMatchObject({ code: 'OPTION', message: expect.stringContaining(message) as string })
    expect(study.attributes).toEqual({})
    expect(study.counts.complete).toBe(0)
  })
})
