import type { JudgeContext, Problem, Pruner, PrunerFactory } from '@attune/core'

/** Stops a trial that is worse than half of at least five complete ones at the same step: as slow and simple as can be. */
export function half(): PrunerFactory {
  return { specVersion: 'v1', id: 'half', create: (problem) => halver(problem) }
}

function completeTrials({ history }: Problem): readonly number[] {
  return Array.from({ length: history.length }, (_, number) => number).filter((number) => history.trial(number).state === 'complete' && history.trial(number).voided === undefined)
}

function halver(problem: Problem, exactly = false): Pruner {
  const { history } = problem
  const lossAt = (number: number, step: number): number => {
    const { length, steps, losses } = history.curve(number)
    for (let i = length - 1; i >= 0; i--) if (exactly ? steps[i] === step : (steps[i] as number) <= step) return losses[i] as number
    return NaN
  }
  return {
    judge({ step, loss }) {
      const others = completeTrials(problem)
        .map((number) => lossAt(number, step))
        .filter((other) => !Number.isNaN(other))
      return others.length >= 5 && others.filter((other) => other < loss).length > others.length / 2 ? 'prune' : 'continue'
    },
  }
}

type Judge = (context: JudgeContext) => ReturnType<Pruner['judge']>

function twin(change: (judge: Judge, problem: Problem) => Judge, more: (problem: Problem) => Partial<Pruner> = () => ({})): () => PrunerFactory {
  return () => ({
    ...half(),
    create: (problem) => {
      const plain = halver(problem)
      return { judge: change((context) => plain.judge(context), problem), ...more(problem) }
    },
  })
}

interface Broken {
  readonly what: string
  readonly make: () => PrunerFactory
  /** Names of cases that must notice. Others may fail too. */
  readonly fails: readonly string[]
}

/** Pruners that each break one promise: the suite must notice every one. */
export const brokenPruners: readonly Broken[] = [
  {
    what: 'answers a word of its own',
    make: twin((judge) => (context) => (judge(context) === 'prune' ? ('stop' as 'prune') : 'continue')),
    fails: ['judges by the history alone'],
  },
  {
    what: 'counts its calls',
    make: twin((judge) => {
      let calls = 0
      return (context) => (++calls % 17 === 16 ? 'prune' : judge(context))
    }),
    fails: ['prunes nothing when there is nothing to compare with', 'judges by the history alone', 'judges the same after a restart at any trial'],
  },
  {
    what: 'remembers the best loss that it was shown',
    make: twin(() => {
      let best = Infinity
      let judged = 0
      return ({ loss }) => {
        best = Math.min(best, loss)
        return ++judged > 100 && loss > best + 1 ? 'prune' : 'continue'
      }
    }),
    fails: ['judges by the history alone', 'judges the same after a restart at any trial'],
  },
  {
    what: 'tosses a coin of its own',
    make: twin((judge) => (context) => (judge(context) === 'prune' && Math.random() < 0.5 ? 'prune' : 'continue')),
    fails: ['judges by the history alone'],
  },
  {
    what: 'stops by the clock',
    make: twin((judge) => {
      const begin = Date.now()
      return (context) => (Date.now() - begin > 60_000 ? 'prune' : judge(context))
    }),
    fails: ['judges by the history alone', 'prunes nothing when there is nothing to compare with'],
  },
  {
    what: 'stops the first trial',
    make: twin((judge) => (context) => (context.step > 20 && context.loss > 10 ? 'prune' : judge(context))),
    fails: ['prunes nothing when there is nothing to compare with'],
  },
  {
    what: 'throws at NaN',
    make: twin((judge) => (context) => {
      if (Number.isNaN(context.loss)) throw new Error('The loss is not a number.')
      return judge(context)
    }),
    fails: ['stands losses that are NaN', 'prunes nothing for a report without the objective'],
  },
  {
    what: 'takes a missing loss for a bad one',
    make: twin((judge) => (context) => (Number.isNaN(context.loss) ? 'prune' : judge(context))),
    fails: ['prunes nothing for a report without the objective'],
  },
  {
    what: 'throws at an infinite loss',
    make: twin((judge) => (context) => {
      if (Math.abs(context.loss) === Infinity) throw new Error('The loss is infinite.')
      return judge(context)
    }),
    fails: ['stands losses that are infinite'],
  },
  {
    what: 'takes the metric for the loss',
    make: twin((judge) => (context) => judge({ ...context, loss: context.trial.reports.at(-1)?.metrics['loss'] ?? NaN })),
    fails: ['judges the same when it minimises and when it maximises'],
  },
  {
    what: 'stops the best instead of the worst',
    make: twin((judge, { history }) => (context) => {
      const verdict = judge({ ...context, loss: -context.loss })
      return history.completeCount >= 5 && judge(context) === 'continue' ? 'prune' : verdict
    }),
    fails: ['lets the best trial run', 'stops a trial that is far worse than all others'],
  },
  {
    what: 'compares at exactly the same step only',
    make: () => ({ ...half(), create: (problem) => halver(problem, true) }),
    fails: ['is not silently switched off by steps that do not line up'],
  },
  {
    what: 'never stops anything',
    make: twin(() => () => 'continue'),
    fails: ['stops a trial that is far worse than all others', 'is not silently switched off by steps that do not line up'],
  },
  {
    what: 'sorts the curve that it is given',
    make: twin((judge, { history }) => (context) => {
      const { length, losses } = history.curve(context.number)
      losses.subarray(0, length).sort()
      return judge(context)
    }),
    fails: ['judges by the history alone'],
  },
  {
    what: 'shares its state between studies',
    make: () => {
      let calls = 0
      return twin((judge) => (context) => {
        calls++
        return calls > 100 ? 'continue' : judge(context)
      })()
    },
    fails: ['keeps studies of one factory apart'],
  },
  {
    what: 'remembers what a failed attempt reported',
    make: twin((judge) => {
      const lowest = new Map<number, number>()
      return (context) => {
        const loss = Math.min(context.loss, lowest.get(context.number) ?? Infinity)
        lowest.set(context.number, loss)
        return judge({ ...context, loss })
      }
    }),
    fails: ['stands trials that start again'],
  },
  {
    what: 'crashes on several objectives instead of declining',
    make: () => ({
      ...half(),
      create: (problem) => {
        if (problem.objectives.length > 1) throw new TypeError('Cannot read properties of undefined')
        return halver(problem)
      },
    }),
    fails: ['works with 2 objectives, or says that it cannot', 'works with 4 objectives, or says that it cannot'],
  },
  {
    what: 'promotes a trial that is not paused',
    make: twin(
      (judge) => judge,
      ({ history }) => ({ next: () => (history.completeCount === 5 ? { promote: 0, toStep: 3 } : undefined) }),
    ),
    fails: ['schedules by the history alone: what it wants exists, and a new instance wants the same'],
  },
  {
    what: 'pauses trials and promotes them by a counter of its own',
    make: twin(
      () => () => 'continue',
      ({ history }) => {
        let calls = 0
        return { next: () => (++calls % 3 === 0 && history.paused().length > 0 ? { promote: history.paused()[0]! } : { suggest: true, toStep: 2 }) }
      },
    ),
    fails: ['schedules by the history alone: what it wants exists, and a new instance wants the same'],
  },
  {
    what: 'promotes trials to where they are',
    make: twin(
      () => () => 'continue',
      ({ history }) => ({ next: () => (history.paused().length > 0 ? { promote: history.paused()[0]!, toStep: 2 } : { suggest: true, toStep: 2 }) }),
    ),
    fails: ['schedules by the history alone: what it wants exists, and a new instance wants the same'],
  },
  {
    what: 'waits for nobody',
    make: twin(
      () => () => 'continue',
      ({ history }) => ({ next: () => (history.length === 3 ? 'wait' : undefined) }),
    ),
    fails: ['schedules by the history alone: what it wants exists, and a new instance wants the same'],
  },
  {
    what: 'forgets its schedule at a restart',
    make: () => {
      let first = true
      const plain = half()
      return { ...plain, create: (problem) => {
        const steps = first ? 2 : 3
        first = false
        return { judge: plain.create(problem).judge, next: () => ({ suggest: true, toStep: steps }) }
      } }
    },
    fails: ['schedules by the history alone: what it wants exists, and a new instance wants the same'],
  },
]
