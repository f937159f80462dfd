import { boolean, choice, constant, constraint, float, int, linear, logNormal, normal, oneOf, ordinal, repeat, type Scalar, type Space, space, type Trial } from '@attune/core'

/** A space to try a sampler on. */
export interface ProblemSpace {
  readonly name: string
  /** Undefined for a space that is defined by running. */
  readonly space: Space<unknown> | undefined
  /** Code that meets the parameters of a space defined by running. */
  readonly meet?: (trial: Trial) => readonly Scalar[]
}

/** The richest space with floats: every kind of parameter, conditions, and a leaf that branches share. */
function mixed(): Space<unknown> {
  const learningRate = float(1e-5, 1, { scale: 'log' })
  return space({
    learningRate,
    units: int(8, 512, { scale: 'log' }),
    dropout: float(0, 0.5, { step: 0.1 }),
    activation: choice(['relu', 'tanh', null, 3, false]),
    size: ordinal(['small', 'medium', 'large']),
    bias: boolean(),
    version: constant('v1'),
    optimizer: oneOf({
      sgd: { momentum: float(0, 0.99), decay: learningRate },
      adam: { decay: learningRate, beta: float(0.8, 0.999) },
      none: {},
    }),
    layers: repeat({ width: int(1, 64), kind: choice(['dense', 'conv']) }, { min: 0, max: 3 }),
  })
}

/** A space of 54 points, for samplers that need a finite one. */
function finite(): Space<unknown> {
  return space({
    depth: int(1, 3),
    scale: float(0, 1, { step: 0.5 }),
    kind: oneOf({ plain: {}, wide: { factor: ordinal([2, 4, 8]), bias: boolean() } }, { weights: { plain: 1, wide: 2 } }),
  }, { constraints: [linear({ depth: 1 }, { atMost: 3 })] })
}

/** Spaces on which the other cases run: the first that the sampler accepts. */
export function homeSpaces(): readonly ProblemSpace[] {
  return [
    { name: 'a mixed space with conditions', space: mixed() },
    { name: 'two floats', space: space({ x: float(-5, 5), y: float(0, 1) }) },
    { name: 'a finite space with conditions', space: finite() },
  ]
}

/** Six points: a sampler that visits each once ends early. */
export function tinySpace(): Space<unknown> {
  return space({ a: choice(['x', 'y', 'z']), b: boolean() })
}

/** Spaces that a sampler should be able to work on, or decline with UNSUPPORTED. */
export function problemSpaces(): readonly ProblemSpace[] {
  return [
    { name: 'linear floats', space: space({ x: float(-5, 5), y: float(0, 1e9), z: float(-1e-9, 1e-9) }) },
    { name: 'logarithmic floats', space: space({ x: float(1e-9, 1e3, { scale: 'log' }), y: float(1, 1.001, { scale: 'log' }) }) },
    { name: 'floats with a step', space: space({ x: float(0, 1, { step: 0.1 }), y: float(-1, 1, { step: 0.3 }), z: float(0.01, 1, { scale: 'log', step: 0.01 }) }) },
    { name: 'integers', space: space({ x: int(-3, 3), y: int(1, 1_000_000, { scale: 'log' }), z: int(0, 100, { step: 7 }), w: int(0, 4_000_000_000) }) },
    { name: 'choices of any scalar', space: space({ x: choice(['a', 1, true, null, 'b', 1.5]), y: choice(['only']) }) },
    { name: 'ordinals and booleans', space: space({ x: ordinal([1, 10, 100, 1000]), y: boolean(), z: ordinal(['low', 'high']) }) },
    { name: 'constants alone', space: space({ x: constant(1), y: constant('a') }) },
    { name: 'a number with one value', space: space({ x: int(3, 3), y: float(0, 1) }) },
    { name: 'branches with a shared leaf', space: sharedLeaf() },
    { name: 'branches within branches', space: space({ outer: oneOf({ a: { inner: oneOf({ x: { p: float(0, 1) }, y: { q: int(1, 4) } }) }, b: { r: boolean() } }) }) },
    { name: 'a varying number of groups', space: space({ layers: repeat({ units: int(16, 256, { step: 16 }), bias: boolean() }, { min: 1, max: 4 }), rate: float(0, 1) }) },
    { name: 'nested groups', space: space({ a: { b: { c: float(0, 1), d: int(1, 3) } }, e: { f: choice(['x', 'y']) } }) },
    { name: 'a linear constraint', space: space({ x: float(0, 1), y: float(0, 1), z: float(0, 1) }, { constraints: [linear({ x: 1, y: 1, z: 1 }, { atMost: 1 })] }) },
    { name: 'a constraint that is a function', space: space({ n: int(1, 8), m: int(1, 8) }, { constraints: [constraint('product', (params) => params.n * params.m - 16)] }) },
    { name: 'a constraint across branches', space: constrainedBranches() },
    { name: 'priors and weights', space: space({ x: float(0, 10, { prior: normal(2, 0.5) }), y: float(1e-4, 1, { scale: 'log', prior: logNormal(-3, 1) }), z: choice(['a', 'b', 'c'], { weights: [1, 5, 0.1] }), w: boolean({ weight: 0.9 }) }) },
    { name: 'thirty parameters', space: space(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`p${i}`, i % 3 === 0 ? float(0, 1) : i % 3 === 1 ? int(0, 9) : choice(['a', 'b', 'c'])]))) },
    { name: 'every kind of parameter at once', space: mixed() },
    { name: 'a finite space', space: finite() },
    { name: 'a space defined by running', space: undefined, meet: meetLeaves },
  ]
}

function sharedLeaf(): Space<unknown> {
  const rate = float(1e-4, 1e-1, { scale: 'log' })
  return space({ optimizer: oneOf({ sgd: { rate, momentum: float(0, 1) }, adam: { rate }, lbfgs: { memory: int(3, 20) } }) })
}

function constrainedBranches(): Space<unknown> {
  return space(
    { model: oneOf({ tree: { depth: int(1, 10) }, net: { layers: int(1, 5), units: int(1, 100) } }) },
    { constraints: [constraint('size', ({ model }) => (model.type === 'net' ? model.layers * model.units - 200 : model.depth - 8))] },
  )
}

/** Not every trial meets every leaf, and some leaves are met late. */
function meetLeaves(trial: Trial): readonly Scalar[] {
  const met: Scalar[] = [trial.float('x', -1, 1)]
  const kind = trial.choice('kind', ['linear', 'deep', 'wide'])
  met.push(kind)
  if (kind === 'deep') met.push(trial.int('layers', 1, 5), trial.float('rate', 1e-4, 1, { scale: 'log' }))
  if (kind === 'wide') met.push(trial.boolean('bias'))
  if (trial.number >= 5) met.push(trial.ordinal('late', [1, 2, 4]))
  return met
}
