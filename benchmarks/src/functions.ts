/**
 * Best values of TPE on smooth and rugged functions, ours and Optuna's in one run:
 * node --conditions=attune-source src/functions.ts
 */
import { choice, createStudy, type Definition, float, int, Space } from '@attune/core'
import { tpe } from '@attune/samplers'
import { storeResult } from './machine.ts'
import { runPeer } from './peers.ts'
import { percentile } from './statistics.ts'

interface TestFunction {
  readonly trials: number
  readonly space: Definition
  readonly value: (x: readonly number[], params: Readonly<Record<string, number | string>>) => number
}

const cube = (count: number, low: number, high: number): Definition => Object.fromEntries(Array.from({ length: count }, (_, index) => [`x${index}`, float(low, high)]))
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

const hartmannA = [[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
const hartmannP = [[1312, 1696, 5569, 124, 8283, 5886], [2329, 4135, 8307, 3736, 1004, 9991], [2348, 1451, 3522, 2883, 3047, 6650], [4047, 8828, 8732, 5743, 1091, 381]]
const hartmannAlpha = [1, 1.2, 3, 3.2]

const functions: Readonly<Record<string, TestFunction>> = {
  branin: {
    trials: 60,
    space: { x0: float(-5, 10), x1: float(0, 15) },
    value: ([x = 0, y = 0]) => (y - (5.1 / (4 * Math.PI ** 2)) * x * x + (5 / Math.PI) * x - 6) ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10,
  },
  hartmann6: {
    trials: 100,
    space: cube(6, 0, 1),
    value: (x) => -sum(hartmannAlpha.map((alpha, i) => alpha * Math.exp(-sum(x.map((v, j) => (hartmannA[i]?.[j] ?? 0) * (v - 1e-4 * (hartmannP[i]?.[j] ?? 0)) ** 2))))),
  },
  rosenbrock5: { trials: 200, space: cube(5, -2.048, 2.048), value: (x) => sum(x.slice(1).map((b, i) => 100 * (b - (x[i] ?? 0) ** 2) ** 2 + (1 - (x[i] ?? 0)) ** 2)) },
  rastrigin10: { trials: 200, space: cube(10, -5.12, 5.12), value: (x) => 100 + sum(x.map((v) => v * v - 10 * Math.cos(2 * Math.PI * v))) },
  sphere20: { trials: 200, space: cube(20, -5, 5), value: (x) => sum(x.map((v, i) => (v - Math.sin(i)) ** 2)) },
  mixed: {
    trials: 60,
    space: { rate: float(1e-5, 1e-1, { scale: 'log' }), layers: int(1, 8), kind: choice(['a', 'b', 'c', 'd']), momentum: float(0, 1) },
    value: (_, { rate, layers, kind, momentum }) => {
      const offset = { a: 0, b: 0.3, c: 0.6, d: 1 }[String(kind)] ?? 0
      return (Math.log10(Number(rate)) + 3) ** 2 + 0.2 * (Number(layers) - 5) ** 2 + offset + 4 * (Number(momentum) - 0.2 - 0.5 * offset) ** 2
    },
  },
}
const seeds = 20

async function ours({ trials, space, value }: TestFunction): Promise<readonly number[]> {
  const best: number[] = []
  for (let seed = 0; seed < seeds; seed++) {
    const study = await createStudy({ name: 'function', space: Space.of(space), sampler: tpe(), seed })
    await study.optimize(({ flatParams }) => {
      const params = flatParams as Readonly<Record<string, number | string>>
      return value(Array.from({ length: Object.keys(params).length }, (_, index) => Number(params[`x${index}`])), params)
    }, { trials })
    best.push(study.best.value ?? Number.NaN)
    await study.close()
  }
  return best
}

const mine: Record<string, readonly number[]> = {}
for (const [name, one] of Object.entries(functions)) mine[name] = await ours(one)
const cases = Object.fromEntries(Object.entries(functions).map(([name, { trials }]) => [name, trials]))
const peer = runPeer('optuna_functions.py', ['--cases', JSON.stringify(cases), '--seeds', String(seeds)]) as { readonly version: string; readonly results: Readonly<Record<string, readonly number[]>> }
const quartiles = (values: readonly number[]): readonly number[] => [0.5, 0.25, 0.75].map((part) => percentile(values, part))
const rows = Object.keys(functions).map((name) => ({ name, trials: cases[name], ours: quartiles(mine[name] ?? []), optuna: quartiles(peer.results[name] ?? []) }))
const text = ([median = 0, low = 0, high = 0]: readonly number[]): string => `${median.toPrecision(3)} [${low.toPrecision(3)}, ${high.toPrecision(3)}]`
for (const { name, trials, ours: own, optuna } of rows) console.log(`${name} (${trials}): ${text(own)} | Optuna ${peer.version}: ${text(optuna)}`)
storeResult('functions', { command: 'node --conditions=attune-source benchmarks/src/functions.ts', optuna: peer.version, seeds, values: 'best value: median, first and third quartile', functions: rows })
