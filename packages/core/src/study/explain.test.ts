import { describe, expect, it } from 'vitest'
import type { Explanation } from '../contracts/explanation.ts'
import { random } from '../random/random-sampler.ts'
import { float, int } from '../space/builders.ts'
import { createStudy } from './create-study.ts'

describe('study.explain', () => {
  it('tells what the sampler told when it suggested, and remarks are events', async () => {
    const explanation: Explanation = { model: 'a guess', why: 'It lies in the middle.', predicted: [{ metric: 'value', mean: 2, deviation: 0.5 }] }
    const study = await createStudy({
      space: { x: float(0, 1) },
      sampler: { specVersion: 'v1', id: 'middle', revision: 1, create: (problem) => ({
        suggest() {
          problem.remark('goes to the middle, because that is near to everything')
          return { params: { x: 0.5 }, explanation }
        },
      }) },
    })
    const remarks: string[] = []
    study.on((event) => event.type === 'remark' && remarks.push(`${event.source}: ${event.message}`))
    for (let i = 0; i < 2; i++) await study.tell(await study.ask(), 2)
    expect(study.explain(0)).toEqual(explanation)
    await study.close()
    expect(remarks).toEqual(['middle: goes to the middle, because that is near to everything'])
  })

  it('keeps an explanation that is always the same once, and one that changes as it was each time', async () => {
    const frozen: Explanation = Object.freeze({ model: 'a sequence', why: 'It is next.' })
    const changing = { model: 'a guess', why: '' }
    const study = await createStudy({
      space: { x: float(0, 1) },
      sampler: { specVersion: 'v1', id: 'same', revision: 1, create: () => ({
        suggest({ number }) {
          changing.why = `It is number ${number}.`
          return { params: { x: 0.5 }, explanation: number % 2 === 0 ? frozen : changing }
        },
      }) },
    })
    for (let i = 0; i < 6; i++) await study.tell(await study.ask(), 2)
    expect(study.trials().map(({ suggestion }) => suggestion?.explanation?.why)).toEqual(['It is next.', 'It is number 1.', 'It is next.', 'It is number 3.', 'It is next.', 'It is number 5.'])
    expect(study.explain(2)).toBe(study.explain(0))
    await study.close()
  })

  it('does not give the reasons for other parameters, where those that were suggested are avoided', async () => {
    const explanation: Explanation = { model: 'a guess', why: 'It is one.', predicted: [{ metric: 'value', mean: 2, deviation: 0.5 }] }
    const study = await createStudy({
      space: { n: int(1, 9) },
      duplicates: 'avoid',
      sampler: { specVersion: 'v1', id: 'one', revision: 1, create: () => ({ suggest: () => ({ params: { n: 1 }, explanation, note: { turn: 1 } }) }) },
    })
    for (let i = 0; i < 2; i++) await study.tell(await study.ask(), 2)
    expect(study.explain(0)).toEqual(explanation)
    expect(study.explain(1)).toEqual({ model: 'prior', why: 'Drawn from the priors, because trial 0 has had the parameters that were suggested.' })
    // Whoever counts suggestions by their notes goes on.
    expect(study.trial(1).suggestion?.note).toEqual({ turn: 1 })
    await study.close()
  })

  it('says where else parameters come from', async () => {
    const study = await createStudy({ space: { x: float(0, 1) }, sampler: random() })
    await study.add({ params: { x: 0.5 }, value: 1 })
    await study.enqueue({ x: 0.25 })
    await study.tell(await study.ask(), 1)
    await study.tell(await study.ask(), 1)
    expect([0, 1, 2].map((number) => study.explain(number))).toEqual([
      { model: 'none', why: 'This is a result from elsewhere.' },
      { model: 'none', why: 'These parameters were put into the queue by hand.' },
      { model: 'prior', why: 'Drawn from the priors; results play no part.' },
    ])
    const silent = await createStudy({ space: { x: float(0, 1) }, sampler: { specVersion: 'v1', id: 'silent', revision: 3, create: () => ({ suggest: () => ({ params: { x: 0.5 } }) }) } })
    await silent.ask()
    expect(silent.explain(0)).toEqual({ model: 'silent@3', why: 'This sampler gives no reasons.' })
    expect(() => study.explain(3)).toThrow(expect.objectContaining({ code: 'TRIAL_NOT_FOUND' }))
  })
})
