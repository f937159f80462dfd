import { describe, expect, it } from 'vitest'
import { concurrencyVerdict, type OverheadResult, overheadLosses } from './report-tables.ts'

describe('what the page of benchmarks says beside its tables', () => {
  it('names the ways in which sixteen trials at a time miss the goal', () => {
    const way = (finalRatio: number) => ({ regret: [0.3, 0.2, 0.1], finalRatio, finalDifferenceInterval95: [-0.01, 0.01] })
    const result = (replaced: number, batches: number) => ({ sampler: 'auto@1', seeds: 1, families: [{ family: 'all', problems: 2, sequential: [0.3, 0.2, 0.1], replaced: way(replaced), batches: way(batches) }] })
    expect(concurrencyVerdict([result(1.41, 1.1)])).toBe('- auto: the goal of 1.15 over all problems is **missed**: 1.41 replaced.')
    expect(concurrencyVerdict([result(1.15, 0.9)])).toBe('- auto: the goal of 1.15 over all problems is kept.')
  })

  it('names the peers that are quicker than our first sampler, by the mean of an ask or by the processor', () => {
    const times = (milliseconds: number) => ({ p50: milliseconds, p95: milliseconds, mean: milliseconds })
    const row = (who: string, ask: number, cpu: number) => ({ who, ask: times(ask), tell: times(0), cpu })
    const one = (...rows: readonly ReturnType<typeof row>[]): OverheadResult => ({ trialMicroseconds: {}, cases: [{ group: 'tpe', trials: 1000, dimensions: 2, loop: false, load: 0, rows }] })
    const ours = row('attune tpe', 2, 2)
    expect(overheadLosses(one(ours, row('rustuna 0.2.0 tpe', 1, 4)))).toBe("- Rustuna 0.2.0 TPE, 1,000 trials of 2 parameters: an ask (mean) takes 0.50 of the time of Attune tpe's, the processor for a trial 2.0")
    expect(overheadLosses(one(ours, row('attune random', 1, 1), row('optuna 5.0.0 tpe', 2, 3)))).toBe('Nowhere.')
  })
})
