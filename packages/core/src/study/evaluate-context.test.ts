import { expect, it } from 'vitest'
import type { Artifact } from '../contracts/artifact.ts'
import type { EvaluateContext, Evaluator } from '../contracts/evaluator.ts'
import type { Executor } from '../contracts/executor.ts'
import { InProcessExecutor } from '../executor/in-process-executor.ts'
import { maximize } from '../objective/objectives.ts'
import { float } from '../space/builders.ts'
import { createStudy } from './create-study.ts'

const artifact: Artifact = { kind: 'test', bytes: () => Uint8Array.of(1), as: () => artifact }

/** What evaluators of both kinds are told in a run. */
async function contexts(concurrency: number, executor?: Executor, kinds: readonly boolean[] = [true, false]): Promise<readonly (readonly [exclusive: boolean, context: EvaluateContext])[]> {
  const told: (readonly [boolean, EvaluateContext])[] = []
  const evaluator = (exclusive: boolean): Evaluator => ({
    specVersion: 'v1',
    id: exclusive ? 'exclusive' : 'shared',
    exclusive,
    evaluate(_, context) {
      told.push([exclusive, context])
      return { score: (context.params as { readonly serving: { readonly x: number } }).serving.x }
    },
  })
  await using study = await createStudy({ space: { serving: { x: float(0, 1) } }, objective: maximize('score'), seed: 1, ...(executor === undefined ? {} : { executor }) })
  await study.optimize(() => artifact, { trials: 2, concurrency, evaluators: kinds.map(evaluator) })
  for (const [, { number, params }] of told) expect(params).toEqual(study.trials()[number]!.params)
  return told
}

it('tells evaluators the parameters of the trial, nested as its training gets them', async () => {
  expect(await contexts(1)).toHaveLength(4)
})

it('says that an evaluation is alone where trials run one after the other, or the executor holds the others', async () => {
  const alone = (told: Awaited<ReturnType<typeof contexts>>, kind: boolean): readonly boolean[] => told.flatMap(([exclusive, context]) => (exclusive === kind ? [context.alone] : []))
  const one = await contexts(1)
  expect([alone(one, true), alone(one, false)]).toEqual([[true, true], [true, true]])
  const two = await contexts(2)
  expect([alone(two, true), alone(two, false)]).toEqual([[false, false], [false, false]])
  const holding = (): Executor => Object.assign(new InProcessExecutor(), { exclusively: <T>(work: () => Promise<T>) => work() })
  expect(alone(await contexts(2, holding(), [true]), true)).toEqual([true, true])
  // Nothing holds an evaluator that is not exclusive.
  const mixed = await contexts(2, holding())
  expect([alone(mixed, true), alone(mixed, false)]).toEqual([[false, false], [false, false]])
})
