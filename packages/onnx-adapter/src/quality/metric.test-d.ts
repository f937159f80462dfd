import { expectTypeOf, test } from 'vitest'
import type { MetricOption, MetricSettings, QualityMetric } from './metric.ts'

test('a metric is a name that exists, or one with the options that it has', () => {
  expectTypeOf<'accuracy'>().toExtend<MetricOption>()
  expectTypeOf<{ readonly metric: 'topKAccuracy'; readonly k: 5 }>().toExtend<MetricOption>()
  expectTypeOf<{ readonly metric: 'logLoss'; readonly name: 'loss' }>().toExtend<MetricOption>()
  expectTypeOf<'acuracy'>().not.toExtend<MetricOption>()
  // These need an option.
  expectTypeOf<'topKAccuracy'>().not.toExtend<MetricOption>()
  expectTypeOf<{ readonly metric: 'calibratedError' }>().not.toExtend<MetricOption>()
  expectTypeOf<'topKAccuracy'>().toExtend<QualityMetric>()
  // @ts-expect-error Log loss has no k.
  const wrong: MetricSettings = { metric: 'logLoss', k: 5 }
  expectTypeOf(wrong).toExtend<MetricOption>()
})
