import { createStudy, float, maximize, type Params } from '@attune/core'
import { expectTypeOf, test } from 'vitest'
import { onnxEvaluator, servedModel, servingSpace, type ExecutionProvider, type GraphOptimizationLevel, type Precision } from '../index.ts'

const data = { inputs: { data: new Float32Array(3), dims: [1, 3] }, labels: [0] }

test('a serving space has the types of what is served', async () => {
  const space = { rate: float(0, 1), serving: servingSpace() }
  type Serving = Params<typeof space>['serving']
  expectTypeOf<Serving['provider']>().toEqualTypeOf<ExecutionProvider>()
  expectTypeOf<Serving['threads']>().toEqualTypeOf<number>()
  expectTypeOf<Serving['graphOptimizationLevel']>().toEqualTypeOf<GraphOptimizationLevel>()
  expectTypeOf<Serving['precision']>().toEqualTypeOf<Precision>()
  const evaluator = onnxEvaluator({ data, serving: (params: Params<typeof space>) => params.serving })
  const study = await createStudy({ space, objective: maximize('throughput') })
  await study.optimize(servedModel({ path: 'model.onnx', directory: 'models' }), { trials: 1, evaluators: [evaluator] })
})

test('what cannot be served is refused', () => {
  // @ts-expect-error no such precision
  onnxEvaluator({ data, serving: () => ({ precision: 'int4' }) })
  // @ts-expect-error no such provider
  onnxEvaluator({ data, executionProviders: ['gpu'] })
  // @ts-expect-error no such level
  servingSpace({ graphOptimizationLevels: ['most'] })
})
