import { AttuneError, type FlatParams, type Problem, type RandomStream, type Sampler, type SamplerFactory, type SuggestContext, type Suggestion, type TrialRecord } from '@attune/core'

/** Half of the trials from the prior, the others near the best one: a sampler that learns, as simple as can be. */
export function climb(): SamplerFactory {
  return { specVersion: 'v1', id: 'climb', revision: 1, create: (problem) => climber(problem) }
}

function climber(problem: Problem): Sampler {
  requireOneObjective(problem)
  return {
    suggest({ random }) {
      const { best } = problem.history
      return { params: best < 0 || random.uniform() < 0.5 ? problem.space.sample(random) : near(problem, problem.history.trial(best).flatParams, random) }
    },
  }
}

function requireOneObjective({ objectives }: Problem): void {
  if (objectives.length > 1) throw new AttuneError('UNSUPPORTED', 'climb() follows one objective. Use random() for several.')
}

function near({ space }: Problem, centre: FlatParams, random: RandomStream): FlatParams {
  const units = space.encode(centre).map((unit) => (Number.isNaN(unit) ? random.uniform() : Math.min(1, Math.max(0, unit + 0.1 * random.normal()))))
  const params = space.decode(units)
  return space.violation(params) > 0 ? space.sample(random) : params
}

/** A climber with a different way to suggest or observe. */
function twin(change: (problem: Problem, plain: Sampler) => Partial<Sampler>): () => SamplerFactory {
  return () => ({
    ...climb(),
    create: (problem) => {
      const plain = climber(problem)
      return { ...plain, ...change(problem, plain) }
    },
  })
}

/** A climber whose parameters are altered on the way out. */
function altered(change: (params: FlatParams, problem: Problem, context: SuggestContext) => FlatParams): () => SamplerFactory {
  return twin((problem, plain) => ({
    suggest: async (context) => {
      const { params } = (await plain.suggest(context)) as Suggestion
      return { params: change(params, problem, context) }
    },
  }))
}

interface Broken {
  readonly what: string
  readonly make: () => SamplerFactory
  /** Names of cases that must notice, or beginnings of them. Others may fail too. */
  readonly fails: readonly string[]
}

/** Samplers that each break one promise: the suite must notice every one. */
export const brokenSamplers: readonly Broken[] = [
  {
    what: 'waits although no trial runs',
    make: twin((_, plain) => ({ suggest: (context) => (context.number === 3 ? { wait: true } : plain.suggest(context)) })),
    fails: ['suggests complete parameters in range: linear floats'],
  },
  {
    what: 'reads the space once',
    make: twin(({ space }) => ({ suggest: ({ random }) => ({ params: space.sample(random) }) })),
    fails: ['answers for every leaf known so far of a space that grows'],
  },
  {
    what: 'leaves a parameter out',
    make: altered((params) => Object.fromEntries(Object.entries(params).slice(1))),
    fails: ['suggests complete parameters in range: linear floats', 'suggests complete parameters in range: integers'],
  },
  {
    what: 'steps over a bound',
    make: altered((params, { space }) => Object.fromEntries(Object.entries(params).map(([path, value]) => [path, typeof value === 'number' && space.dimensions.some((dimension) => dimension.path === path && dimension.kind === 'number') ? value * 1.01 : value]))),
    fails: ['suggests complete parameters in range: linear floats', 'suggests complete parameters in range: floats with a step', 'suggests complete parameters in range: integers'],
  },
  {
    what: 'gives parameters of a branch that was not chosen',
    make: altered((params, { space }, { random }) => ({ ...Object.fromEntries(space.dimensions.map((dimension) => [dimension.path, dimension.quantile(random.uniform())])), ...params })),
    fails: ['suggests complete parameters in range: branches with a shared leaf', 'suggests complete parameters in range: a varying number of groups'],
  },
  {
    what: 'ignores the constraints',
    make: altered((_params, { space }, { random }) => space.decode(space.dimensions.map(() => random.uniform()))),
    fails: ['suggests complete parameters in range: a linear constraint', 'suggests complete parameters in range: a constraint that is a function'],
  },
  {
    what: 'uses Math.random',
    make: altered((params, { space }) => (Math.random() < 0.5 ? params : space.sample({ uniform: Math.random, integer: (bound) => Math.floor(Math.random() * bound), normal: () => 0, bits: () => 0 }))),
    fails: ['P10: a sampler gives the same suggestions for the same seed', 'uses no chance and no clock but those of the study'],
  },
  {
    what: 'looks at the clock',
    make: altered((params, { space }, { random }) => (Date.now() % 2 === 0 ? params : space.sample(random))),
    fails: ['uses no chance and no clock but those of the study'],
  },
  {
    what: 'reads the time as a text',
    make: altered((params) => (Date().length > 0 ? params : {})),
    fails: ['uses no chance and no clock but those of the study'],
  },
  {
    what: 'changes its state when it suggests',
    make: twin((problem, plain) => {
      let asked = 0
      return { suggest: async (context) => (asked++ % 3 === 2 ? { params: problem.space.sample(context.random) } : plain.suggest(context)) }
    }),
    fails: ['P10: a sampler gives the same suggestions after a restart at any trial', 'P10: a sampler gives the same suggestions when every trial runs in another process', 'does not change its state by suggesting'],
  },
  {
    what: 'keeps a stream over trials',
    make: twin((problem) => {
      const random = problem.random.stream(-1, 'climb')
      return { suggest: () => ({ params: problem.space.sample(random) }) }
    }),
    fails: ['P10: a sampler gives the same suggestions after a restart at any trial', 'does not change its state by suggesting'],
  },
  {
    what: 'learns only from what it is told one by one',
    make: twin((problem, plain) => {
      let told = 0
      let lastSuggested = 0
      let skipped = 0
      return {
        observe: () => {
          told++
        },
        suggest: async (context) => {
          // What came in a batch is counted once.
          if (told > lastSuggested + 1) skipped++
          lastSuggested = told
          return skipped > 0 ? { params: problem.space.sample(context.random) } : plain.suggest(context)
        },
      }
    }),
    fails: ['P10: a sampler gives the same suggestions after a restart at any trial'],
  },
  {
    what: 'shares its state between studies',
    make: () => {
      let told = 0
      return twin((problem, plain) => ({
        observe: () => {
          told++
        },
        suggest: async (context) => (told % 2 === 1 ? { params: problem.space.sample(context.random) } : plain.suggest(context)),
      }))()
    },
    fails: ['keeps studies of one factory apart'],
  },
  {
    what: 'cannot stand a failed trial',
    make: twin(() => ({ observe: (trial: TrialRecord) => void ((trial.values as readonly number[])[0] as number).toFixed() })),
    fails: ['goes on when every trial fails', 'goes on when every trial is pruned at once'],
  },
  {
    what: 'cannot stand an infinite value',
    make: twin((_problem, plain) => {
      let sum = 0
      return {
        observe: ({ value }) => {
          sum += value ?? 0
        },
        suggest: (context) => {
          if (!Number.isFinite(sum - sum)) throw new Error('The mean of the values is not a number.')
          return plain.suggest(context)
        },
      }
    }),
    fails: ['goes on when every trial is Infinity', 'goes on when every trial is -Infinity'],
  },
  {
    what: 'writes into the history',
    make: twin((problem, plain) => ({
      suggest: async (context) => {
        const losses = problem.history.losses()
        for (let i = 0; i < problem.history.length; i++) if (losses[i] === Infinity) losses[i] = 1e9
        return plain.suggest(context)
      },
    })),
    fails: ['goes on when every trial is Infinity'],
  },
  {
    what: 'attaches a note that is too long',
    make: twin((problem) => ({ suggest: ({ random }) => ({ params: problem.space.sample(random), note: 'x'.repeat(4095) }) })),
    fails: ['suggests complete parameters in range: linear floats'],
  },
  {
    what: 'attaches a note that is not plain JSON',
    make: twin((problem) => ({ suggest: ({ random }) => ({ params: problem.space.sample(random), note: { score: -Infinity } }) })),
    fails: ['suggests complete parameters in range: linear floats'],
  },
  {
    what: 'predicts losses instead of values',
    make: twin((problem) => ({ suggest: ({ random }) => ({ params: problem.space.sample(random), explanation: { model: 'none', why: 'Why not?', predicted: problem.objectives.map(({ metric }) => ({ metric, mean: 1, deviation: 0 })) } }) })),
    fails: ['goes in the direction of the objective'],
  },
  {
    what: 'predicts what is no number',
    make: twin((problem) => ({ suggest: ({ random }) => ({ params: problem.space.sample(random), explanation: { model: 'none', why: 'Why not?', predicted: [{ metric: 'value', mean: Infinity, deviation: 0 }] } }) })),
    fails: ['suggests complete parameters in range: linear floats'],
  },
  {
    what: 'explains without saying why',
    make: twin((problem) => ({ suggest: ({ random }) => ({ params: problem.space.sample(random), explanation: { model: 'none', why: '' } }) })),
    fails: ['suggests complete parameters in range: linear floats'],
  },
  {
    what: 'minimises whatever the direction',
    make: twin((problem, plain) => {
      let best: TrialRecord | undefined
      return {
        observe: (trial) => {
          if (trial.value !== undefined && (best?.value === undefined || trial.value < best.value)) best = trial
        },
        suggest: ({ random, ...context }) => (best === undefined ? plain.suggest({ random, ...context }) : { params: near(problem, best.flatParams, random) }),
      }
    }),
    fails: ['goes in the direction of the objective'],
  },
  {
    what: 'crashes on several objectives instead of declining',
    make: () => ({
      ...climb(),
      create: (problem) => {
        if (problem.objectives.length > 1) throw new TypeError('Cannot read properties of undefined')
        return climber(problem)
      },
    }),
    fails: ['works with 2 objectives, or says that it cannot', 'works with 4 objectives, or says that it cannot'],
  },
  {
    what: 'ends a study without a reason',
    make: twin((problem, plain) => ({ suggest: (context) => (problem.space.size === 6 && context.number >= 6 ? { exhausted: '' } : plain.suggest(context)) })),
    fails: ['says why when nothing is left to try'],
  },
  {
    what: 'declines everything',
    make: () => ({
      ...climb(),
      create: () => {
        throw new AttuneError('UNSUPPORTED', 'This sampler works on nothing. Use another one.')
      },
    }),
    fails: ['P10: a sampler gives the same suggestions for the same seed', 'does not change its state by suggesting'],
  },
]
