/**
 * Test functions of several objectives, all to be minimised, with their Pareto fronts.
 * ZDT: Zitzler, Deb & Thiele, Evolutionary Computation 8 (2000). DTLZ: Deb, Thiele, Laumanns & Zitzler, in Evolutionary
 * Multiobjective Optimization (2005); here with three objectives.
 */
export interface TestFront {
  readonly id: string
  readonly family: 'zdt' | 'dtlz'
  readonly objectives: 2 | 3
  /** Bounds of each parameter. */
  readonly bounds: readonly (readonly [low: number, high: number])[]
  readonly evaluate: (x: readonly number[]) => readonly number[]
  /** Lowest last objective of a point whose other objectives are at most these; Infinity where there is none. */
  readonly attained: (others: readonly number[]) => number
}

const { PI, sin, cos, sqrt, exp, abs, max } = Math

export const testFronts: readonly TestFront[] = [
  ...[30, 10].flatMap((d) => [
    zdt('zdt1', d, meanOfRest, (f, g) => 1 - sqrt(f / g), (f) => 1 - sqrt(Math.min(1, f))),
    zdt('zdt2', d, meanOfRest, (f, g) => 1 - (f / g) ** 2, (f) => 1 - Math.min(1, f) ** 2),
    zdt('zdt3', d, meanOfRest, (f, g) => 1 - sqrt(f / g) - (f / g) * sin(10 * PI * f), lowestSoFar((f) => 1 - sqrt(f) - f * sin(10 * PI * f))),
  ]),
  ...[10, 5].map((d) => zdt('zdt4', d, rastrigin, (f, g) => 1 - sqrt(f / g), (f) => 1 - sqrt(Math.min(1, f)), 5)),
  ...[10, 5].map((d) => zdt6(d)),
  dtlz1(7),
  dtlz2(7),
  dtlz2(12),
  dtlz7(7),
  dtlz7(12),
]

function zdt(name: string, d: number, g: (rest: readonly number[]) => number, h: (f: number, g: number) => number, front: (f: number) => number, width = 0): TestFront {
  const rest: readonly [number, number] = width === 0 ? [0, 1] : [-width, width]
  return {
    id: `${name}-${d}`,
    family: 'zdt',
    objectives: 2,
    bounds: Array.from({ length: d }, (_, i): readonly [number, number] => (i === 0 ? [0, 1] : rest)),
    evaluate: ([f = 0, ...others]) => {
      const scale = g(others)
      return [f, scale * h(f, scale)]
    },
    attained: ([f = 0]) => (f < 0 ? Infinity : front(f)),
  }
}

function meanOfRest(rest: readonly number[]): number {
  return 1 + (9 * rest.reduce((sum, x) => sum + x, 0)) / rest.length
}

function rastrigin(rest: readonly number[]): number {
  return 1 + 10 * rest.length + rest.reduce((sum, x) => sum + x * x - 10 * cos(4 * PI * x), 0)
}

/** The best that a multimodal curve over [0, 1] has reached up to f. */
function lowestSoFar(curve: (f: number) => number): (f: number) => number {
  const steps = 20_000
  const lowest = new Float64Array(steps + 1)
  for (let i = 0, so = Infinity; i <= steps; i++) lowest[i] = so = Math.min(so, curve(i / steps))
  return (f) => lowest[Math.floor(Math.min(1, f) * steps)] as number
}

function zdt6(d: number): TestFront {
  const first = (x: number): number => 1 - exp(-4 * x) * sin(6 * PI * x) ** 6
  const least = 0.2807753191 // of f1, at the first hump of the sine
  return {
    id: `zdt6-${d}`,
    family: 'zdt',
    objectives: 2,
    bounds: Array.from({ length: d }, () => [0, 1] as const),
    evaluate: ([x = 0, ...rest]) => {
      const f = first(x)
      const g = 1 + 9 * (rest.reduce((sum, one) => sum + one, 0) / rest.length) ** 0.25
      return [f, g * (1 - (f / g) ** 2)]
    },
    attained: ([f = 0]) => (f < least ? Infinity : 1 - Math.min(1, f) ** 2),
  }
}

function dtlz(name: string, d: number, evaluate: (x: readonly number[]) => readonly number[], attained: TestFront['attained']): TestFront {
  return { id: `${name}-${d}`, family: 'dtlz', objectives: 3, bounds: Array.from({ length: d }, () => [0, 1] as const), evaluate, attained: (others) => (others.some((f) => f < 0) ? Infinity : attained(others)) }
}

function dtlz1(d: number): TestFront {
  return dtlz('dtlz1', d, ([a = 0, b = 0, ...rest]) => {
    const g = 100 * (rest.length + rest.reduce((sum, x) => sum + (x - 0.5) ** 2 - cos(20 * PI * (x - 0.5)), 0))
    return [0.5 * a * b * (1 + g), 0.5 * a * (1 - b) * (1 + g), 0.5 * (1 - a) * (1 + g)]
  }, ([f = 0, g = 0]) => max(0, 0.5 - f - g))
}

function dtlz2(d: number): TestFront {
  return dtlz('dtlz2', d, ([a = 0, b = 0, ...rest]) => {
    const g = 1 + rest.reduce((sum, x) => sum + (x - 0.5) ** 2, 0)
    return [g * cos((a * PI) / 2) * cos((b * PI) / 2), g * cos((a * PI) / 2) * sin((b * PI) / 2), g * sin((a * PI) / 2)].map(abs)
  }, ([f = 0, g = 0]) => sqrt(max(0, 1 - f * f - g * g)))
}

function dtlz7(d: number): TestFront {
  const gain = lowestSoFar((f) => -(f / 2) * (1 + sin(3 * PI * f)))
  return dtlz('dtlz7', d, ([a = 0, b = 0, ...rest]) => {
    const g = 1 + (9 * rest.reduce((sum, x) => sum + x, 0)) / rest.length
    return [a, b, (1 + g) * (3 - [a, b].reduce((sum, f) => sum + (f / (1 + g)) * (1 + sin(3 * PI * f)), 0))]
  }, ([f = 0, g = 0]) => 2 * (3 + gain(f) + gain(g)))
}
