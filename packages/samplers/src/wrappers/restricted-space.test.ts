import { boolean, choice, constraint, type FlatParams, float, int, linear, logNormal, normal, oneOf, ordinal, repeat, type Space, space, ThreefryRandom } from '@attune/core'
import { describe, expect, it } from 'vitest'
import { gridValues } from '../grid/grid-values.ts'
import { RestrictedSpace, type Restrictions } from './restricted-space.ts'

const rate = float(1e-5, 1, { scale: 'log' })
const whole = space({
  rate,
  units: int(8, 512, { scale: 'log' }),
  even: int(0, 20, { step: 2 }),
  dropout: float(0, 0.5, { step: 0.1 }),
  activation: choice(['relu', 'tanh', 'gelu'], { weights: [1, 2, 5] }),
  size: ordinal(['small', 'medium', 'large']),
  bias: boolean(),
  prior: float(0, 1, { prior: normal(0.5, 0.1) }),
  skewed: float(1e-3, 1, { prior: logNormal(-3, 1) }),
  optimizer: oneOf({ sgd: { momentum: float(0, 0.99), decay: rate }, adam: { decay: rate, beta: float(0.8, 0.999), deep: oneOf({ p: { y: int(1, 3) }, q: {} }) }, none: {} }),
  layers: repeat({ width: int(1, 64) }, { min: 0, max: 3 }),
})

const part = (restrictions: Restrictions, of: Space<unknown> = whole): RestrictedSpace => new RestrictedSpace(of, restrictions)
/** Values that `quantile` answers need not come back to the last bit. */
const rounded = (flat: FlatParams): unknown => Object.fromEntries(Object.entries(flat).map(([path, value]) => [path, typeof value === 'number' ? value.toPrecision(12) : value]))
const gridValuesOf = (of: Space<unknown>): readonly unknown[] => gridValues(of, {}).flatMap(({ length, at }) => Array.from({ length }, (_, position) => at(position)))
const pathsOf = (of: RestrictedSpace): readonly string[] => of.dimensions.map(({ path }) => path)

describe('RestrictedSpace', () => {
  const cases: readonly Restrictions[] = [
    {},
    { rate: [1e-4, 1e-2], units: [30, 100], even: [3, 11], dropout: [0.1, 0.3], size: ['small', 'large'], prior: [0.55, 1], skewed: [0.5, 1] },
    { optimizer: 'adam', 'optimizer.adam.deep': ['p'], layers: 2, activation: ['gelu', 'relu'], bias: true },
    { optimizer: ['sgd', 'none'], 'layers.*.width': [8, 16] },
    { optimizer: ['sgd', 'adam'], 'optimizer.adam.deep.type': 'q', layers: [1, 2], 'layers.0.width': 5 },
  ]

  it.each(cases)('has points that are points of the whole, and none else: %j', (restrictions) => {
    const smaller = part(restrictions)
    const random = new ThreefryRandom(1).stream(0, 'test')
    for (let i = 0; i < 300; i++) {
      const flat = smaller.sample(random)
      const complete = smaller.complete(flat)
      expect(whole.problems(complete)).toEqual([])
      expect(smaller.has(complete)).toBe(true)
      expect(smaller.problems(flat)).toEqual([])
      const units = smaller.encode(complete)
      expect(units).toEqual(smaller.encode(flat))
      const decoded = smaller.decode(units)
      expect(rounded(decoded)).toEqual(rounded(flat))
      expect(smaller.decode(smaller.encode(decoded))).toEqual(decoded)
      for (const unit of units) expect(Number.isNaN(unit) || (unit >= 0 && unit <= 1)).toBe(true)
    }
    // Those that the whole draws and that are within, come out of the part again.
    for (let i = 0; i < 3000; i++) {
      const complete = whole.sample(random)
      if (smaller.has(complete)) expect(rounded(smaller.complete(smaller.decode(smaller.encode(complete))))).toEqual(rounded(complete))
    }
  })

  it.each([[0.3, 1 / 3, false], [-1, 1 / 3, false], [-0.7, 0.1, false], [0.3, 0.7, true], [1e-3, 1 / 3, true]] as const)('has values of a step to the last digit: from %d by %d, logarithmic: %s', (low, step, log) => {
    const stepped = space({ x: float(low, low + 40 * step, log ? { step, scale: 'log' } : { step }) }) as Space<unknown>
    const [outer] = stepped.dimensions
    const values = Array.from({ length: 41 }, (_, cell) => outer!.valueAt(cell) as number)
    for (const [first, last] of [[0, 40], [1, 40], [7, 33], [12, 13]] as const) {
      const { dimensions: [inner] } = part({ x: [values[first]!, values[last]!] }, stepped)
      const within = values.slice(first, last + 1)
      expect(within.map((_, cell) => inner!.valueAt(cell))).toEqual(within)
      expect(within.map((value) => inner!.decode(inner!.encode(value)))).toEqual(within)
      expect(within.map((value) => inner!.cellOf(value))).toEqual([...within.keys()])
      const quantiles = Array.from({ length: 400 }, (_, i) => inner!.quantile(i / 400))
      expect(quantiles.filter((value) => !within.includes(value as number))).toEqual([])
      expect(values.filter((value) => inner!.has(value))).toEqual(within)
    }
    expect([...gridValuesOf(stepped)]).toEqual(values)
  })

  it('leaves out what is fixed and what is never active, and keeps what depends on it', () => {
    expect(pathsOf(part({ optimizer: 'adam', 'optimizer.adam.deep': 'p' }))).toEqual(expect.arrayContaining(['optimizer.decay', 'optimizer.adam.beta', 'optimizer.adam.deep.p.y']))
    const adam = part({ optimizer: 'adam' })
    expect(pathsOf(adam).filter((path) => path.startsWith('optimizer'))).toEqual(['optimizer.decay', 'optimizer.adam.beta', 'optimizer.adam.deep.type', 'optimizer.adam.deep.p.y'])
    expect(adam.dimensions.find(({ path }) => path === 'optimizer.decay')?.conditions).toEqual([])
    expect(pathsOf(part({ optimizer: 'none', layers: 0 })).some((path) => path.startsWith('optimizer') || path.startsWith('layers'))).toBe(false)
    expect(pathsOf(part({ layers: 2 })).filter((path) => path.startsWith('layers'))).toEqual(['layers.0.width', 'layers.1.width'])
  })

  it('cuts priors off, and spreads what is left over all coordinates', () => {
    const smaller = part({ prior: [0.5, 1], activation: ['relu', 'gelu'], rate: [1e-4, 1e-2] })
    const by = (path: string): RestrictedSpace['dimensions'][number] => smaller.dimensions.find((dimension) => dimension.path === path)!
    expect(by('prior').quantile(0.5)).toBeCloseTo(0.5 + 0.067449, 5)
    expect([...(by('activation').weights ?? [])]).toEqual([1 / 6, 5 / 6])
    expect(by('rate').decode(0.5)).toBeCloseTo(1e-3, 12)
    expect([by('rate').decode(0), by('rate').decode(1)]).toEqual([1e-4, 1e-2])
  })

  it('keeps the constraints of the whole', () => {
    const bound = space({ a: int(0, 9), b: int(0, 9) }, { constraints: [linear({ a: 1, b: 1 }, { atMost: 10 }), constraint<{ readonly b: number }>('odd', ({ b }) => (b % 2 === 1 ? 0 : 1))] })
    const smaller = part({ a: 8 }, bound)
    const random = new ThreefryRandom(1).stream(0, 'test')
    expect(new Set(Array.from({ length: 50 }, () => smaller.sample(random)['b']))).toEqual(new Set([1]))
    expect(smaller.violation({ b: 3 })).toBeGreaterThan(0)
    expect(() => part({ a: 9, b: [2, 3] }, bound).sample(random)).toThrow(expect.objectContaining({ code: 'NEARLY_INFEASIBLE' }))
  })

  it('counts its points', () => {
    const finite = space({ a: int(1, 4), kind: oneOf({ p: { q: int(1, 3) }, r: {} }) }) as Space<unknown>
    expect([part({}, finite).size, part({ kind: 'p' }, finite).size, part({ kind: 'r', a: [2, 3] }, finite).size, part({ a: 1, kind: 'r' }, finite).size]).toEqual([16, 12, 2, 1])
    expect(part({ rate: 0.1 }).size).toBe(Infinity)
  })

  it.each<Restrictions>([{ rat: 1 }, { rate: 2 }, { rate: [0.1, 0.01] }, { rate: [] }, { rate: [0.1, 0.2, 0.3] }, { rate: 'low' }, { even: [3, 3] }, { even: [-2, 4] }, { size: 'huge' }, { size: [] }, { optimizer: ['adam', 'lamb'] }])('refuses %j, and says what there is', (restrictions) => {
    expect(() => part(restrictions)).toThrow(expect.objectContaining({ code: 'OPTION' }))
  })
})
