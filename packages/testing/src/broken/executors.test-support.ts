import { type Artifact, type Execution, type Executor, InProcessExecutor, type Report, type Trainer, type TrainerTrial, type TrainingResult } from '@attune/core'

type Change = (execution: Execution, trial: TrainerTrial, trainer: Trainer) => Execution

interface Broken {
  readonly what: string
  readonly make: () => Executor
  readonly fails: readonly string[]
}

/** An executor that keeps its contract, made of core's: with slots, and a gate for exclusive work. */
export function plainExecutor(change: Change = (execution) => execution): Executor {
  const inner = new InProcessExecutor()
  let exclusive: Promise<unknown> | undefined
  return {
    specVersion: 'v1',
    id: 'plain',
    slots: () => 3,
    run(trainer, trial) {
      const execution = change(inner.run(trainer, trial), trial, trainer)
      return { ...execution, reports: mapped(execution.reports, (report) => report, () => exclusive) }
    },
    exclusively(work) {
      const turn = (exclusive ?? Promise.resolve()).then(work)
      exclusive = turn.catch(() => undefined)
      return turn
    },
    close: () => inner.close(),
  }
}

async function* mapped(reports: Execution['reports'], change: (report: Report) => Report, before: () => Promise<unknown> | undefined = () => undefined, result: (result: TrainingResult) => TrainingResult = (one) => one): Execution['reports'] {
  let over = false
  try {
    for (;;) {
      const gate = before()
      if (gate !== undefined) await gate
      const next = await reports.next()
      if (next.done === true) {
        over = true
        return result(next.value)
      }
      yield change(next.value)
    }
  } finally {
    if (!over) await reports.return(undefined)
  }
}

const changed = (change: (report: Report) => Report): Executor => plainExecutor((execution) => ({ ...execution, reports: mapped(execution.reports, change) }))
const retold = (change: (trial: TrainerTrial) => Partial<TrainerTrial>): Executor => plainExecutor((_, trial, trainer) => new InProcessExecutor().run(trainer, { ...trial, ...change(trial) }))

/** Executors that each break one promise: the suite must notice every one. */
export const brokenExecutors: readonly Broken[] = [
  {
    what: 'sends numbers as JSON',
    make: () => changed(({ checkpoint, ...report }) => ({ ...(JSON.parse(JSON.stringify(report)) as Report), ...(checkpoint === undefined ? {} : { checkpoint }) })),
    fails: ['hands on every number as it is'],
  },
  {
    what: 'makes every checkpoint at once',
    make: () => changed(({ checkpoint, ...report }) => (checkpoint === undefined ? report : ((made) => ({ ...report, checkpoint: () => made }))(checkpoint()))),
    fails: ['asks for a checkpoint only when it is wanted'],
  },
  {
    what: 'forgets where the trial goes on from',
    make: () => retold(() => ({ resumeFrom: undefined })),
    fails: ['gives the training all that the trial has', 'asks for a checkpoint only when it is wanted'],
  },
  { what: 'swallows warnings', make: () => retold(() => ({ warn: () => undefined })), fails: ['passes on warnings, attributes and artefacts, and the refusal of one'] },
  {
    what: 'does not wait for attributes',
    make: () =>
      retold((trial) => ({
        setAttribute: async (key, value) => void trial.setAttribute(key, value).catch(() => undefined),
      })),
    fails: ['passes on warnings, attributes and artefacts, and the refusal of one'],
  },
  {
    what: 'drops artefacts that a training attaches',
    make: () => retold(() => ({ setArtifact: async () => undefined })),
    fails: ['passes on warnings, attributes and artefacts, and the refusal of one'],
  },
  {
    what: 'keeps only the bytes of artefacts',
    make: () =>
      plainExecutor((execution) => ({
        ...execution,
        reports: mapped(execution.reports, (report) => report, undefined, (result) => (typeof result === 'object' && typeof result.bytes === 'function' ? { ...(result as Artifact), as: () => result as Artifact } : result)),
      })),
    fails: ['keeps the artefact until the trial ends'],
  },
  {
    what: 'loses results',
    make: () => plainExecutor((execution) => ({ ...execution, reports: mapped(execution.reports, (report) => report, undefined, (result) => (typeof result === 'object' && typeof result.bytes === 'function' ? result : undefined)) })),
    fails: ['passes on whatever a training returns', 'keeps trials apart that run at once'],
  },
  {
    what: 'wraps what was thrown',
    make: () =>
      plainExecutor((execution) => ({
        ...execution,
        reports: (async function* () {
          try {
            return yield* execution.reports
          } catch (cause) {
            throw new Error('The trial failed.', { cause })
          }
        })(),
      })),
    fails: ['passes on what a training throws, and runs the next one'],
  },
  {
    what: 'drops a training instead of stopping it',
    make: () =>
      plainExecutor((execution) => ({
        ...execution,
        reports: (async function* () {
          for (let next = await execution.reports.next(); ; next = await execution.reports.next()) {
            if (next.done === true) return next.value
            yield next.value
          }
        })(),
      })),
    fails: ['runs `finally` blocks when the study stops pulling'],
  },
  { what: 'tells nobody of an abort', make: () => retold(() => ({ signal: new AbortController().signal })), fails: ['tells the training of an abort'] },
  {
    what: 'gives trials that run at once the parameters of one',
    make: () => {
      let first: unknown
      return retold(({ number, params }) => {
        if (number === 0) first = params
        return number === 1 || number === 2 ? { params: first } : {}
      })
    },
    fails: ['keeps trials apart that run at once'],
  },
  {
    what: 'waits for a training that hangs',
    make: () => plainExecutor((execution) => ({ ...execution, end: async () => void (await execution.reports.return(undefined)) })),
    fails: ['frees the slot of a training that hangs'],
  },
  {
    what: 'runs exclusive work at once',
    make: () => ({ ...plainExecutor(), exclusively: (work) => work() }),
    fails: ['runs exclusive work one piece after the other', 'lets no trial go on while exclusive work runs'],
  },
]
