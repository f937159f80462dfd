import { type Artifact, AttuneError, type Report, type Trainer, type TrainerTrial } from '@attune/core'
import type { TrainerSubject } from '../trainer-suite.ts'

export interface Descent {
  readonly learningRate: number
  readonly epochs: number
}

/** What the trainer holds while it trains. */
export interface Held {
  count: number
}

/** Weights as an artefact: JSON, or the number alone as text. */
export function weightsArtifact(weight: number): Artifact {
  const forms: { readonly [kind: string]: string } = { json: JSON.stringify({ weight }), text: String(weight) }
  const form = (kind: string): Artifact => {
    const text = forms[kind]
    if (text === undefined) throw new AttuneError('UNSUPPORTED', `The weights can be had as json or text, not as ${kind}.`)
    return { kind, bytes: () => new TextEncoder().encode(text), as: form }
  }
  return form('json')
}

/** A real, tiny training: gradient descent on the square of one weight. */
export async function* descend(trial: TrainerTrial<Descent>, held: Held): AsyncGenerator<Report, Artifact | undefined, void> {
  held.count++
  try {
    let weight = trial.seed / 2 ** 32 + 1
    let step = 0
    if (trial.resumeFrom !== undefined) {
      const state = JSON.parse(new TextDecoder().decode(trial.resumeFrom.bytes)) as { readonly weight: number }
      weight = state.weight
      step = trial.resumeFrom.step
    }
    while (step < Math.min(trial.params.epochs, trial.toStep ?? Infinity) && !trial.signal.aborted) {
      step++
      weight -= trial.params.learningRate * 2 * weight
      await Promise.resolve()
      yield { step, loss: weight ** 2, checkpoint: () => new TextEncoder().encode(JSON.stringify({ weight })) }
    }
    return trial.signal.aborted ? undefined : weightsArtifact(weight)
  } finally {
    held.count--
  }
}

export function plainTrainer(held: Held = { count: 0 }): Trainer<Descent> {
  return { specVersion: 'v1', id: 'descent', concurrency: 'shared', train: (trial) => descend(trial, held) }
}

type Generate = (trial: TrainerTrial<Descent>, held: Held) => AsyncGenerator<Report, Artifact | undefined, void>

export function subjectOf(train: Generate, more: Partial<Trainer<Descent>> = {}): TrainerSubject<Descent> {
  const held = { count: 0 }
  return {
    trainer: { ...plainTrainer(held), train: (trial) => train(trial, held), ...more },
    params: { learningRate: 0.2, epochs: 6 },
    kinds: ['json', 'text'],
    held: () => held.count,
  }
}

/** The plain training with each report replaced. */
function mapped(change: (report: Report, trial: TrainerTrial<Descent>) => Report): Generate {
  return async function* (trial, held) {
    const training = descend(trial, held)
    try {
      for (;;) {
        const result = await training.next()
        if (result.done === true) return result.value
        yield change(result.value, trial)
      }
    } finally {
      await training.return(undefined)
    }
  }
}

interface Broken {
  readonly what: string
  readonly setup: () => TrainerSubject<Descent>
  readonly fails: readonly string[]
}

/** Trainers that each break one promise: the suite must notice every one. */
export const brokenTrainers: readonly Broken[] = [
  {
    what: 'ignores the abort signal',
    setup: () => subjectOf((trial, held) => descend({ ...trial, signal: new AbortController().signal }, held)),
    fails: ['ends within one report after an abort', 'does not train when it was aborted before it began'],
  },
  {
    what: 'reports a step twice',
    setup: () => subjectOf(mapped((report) => ({ ...report, step: Math.max(1, report.step - 1) }))),
    fails: ['reports numbers at steps that grow strictly', 'stops at the step that it is given', 'goes on from a checkpoint as if nothing had happened'],
  },
  {
    what: 'starts again from nothing instead of from the checkpoint',
    setup: () => subjectOf((trial, held) => descend({ ...trial, resumeFrom: undefined }, held)),
    fails: ['goes on from a checkpoint as if nothing had happened', 'refuses a checkpoint that is none'],
  },
  {
    what: 'forgets half of its state in the checkpoint',
    setup: () => subjectOf(mapped((report) => ({ ...report, checkpoint: () => new TextEncoder().encode('{"weight":1}') }))),
    fails: ['goes on from a checkpoint as if nothing had happened'],
  },
  {
    what: 'leaks when it is stopped early',
    setup: () =>
      subjectOf(async function* (trial, held) {
        held.count++
        const training = descend(trial, { count: 0 })
        for (let result = await training.next(); ; result = await training.next()) {
          if (result.done === true) {
            if (!trial.signal.aborted) held.count--
            return result.value
          }
          yield result.value
        }
      }),
    fails: ['ends when the study stops pulling', 'ends within one report after an abort'],
  },
  {
    what: 'shares its state between trainings',
    setup: () => {
      let weight = 1
      return subjectOf(async function* (trial) {
        for (let step = 1; step <= Math.min(trial.params.epochs, trial.toStep ?? Infinity) && !trial.signal.aborted; step++) {
          if (step === 1) weight = trial.resumeFrom === undefined ? 1 : Number(new TextDecoder().decode(trial.resumeFrom.bytes))
          if (Number.isNaN(weight)) throw new Error('The checkpoint is damaged: it is not a number.')
          if (step <= (trial.resumeFrom?.step ?? 0)) continue
          await Promise.resolve()
          weight *= 0.6
          const now = weight
          yield { step, loss: now, checkpoint: () => new TextEncoder().encode(String(now)) }
        }
        return weightsArtifact(weight)
      })
    },
    fails: ['keeps trainings apart that run at once, if it is shared'],
  },
  {
    what: 'uses chance of its own',
    setup: () => {
      let drawn = 0
      return subjectOf(mapped((report) => ({ ...report, loss: ++drawn })))
    },
    fails: [
      'gives the same metrics for the same parameters and seed',
      'goes on from a checkpoint as if nothing had happened',
      'can be used again after release',
      'keeps trainings apart that run at once, if it is shared',
    ],
  },
  {
    what: 'cannot be used after release',
    setup: () => {
      let released = false
      return subjectOf(
        (trial, held) => {
          if (released) throw new Error('This trainer was released.')
          return descend(trial, held)
        },
        { release: () => void (released = true) },
      )
    },
    fails: ['can be used again after release'],
  },
  {
    what: 'trains on beyond the step that it is given',
    setup: () => subjectOf((trial, held) => descend({ ...trial, toStep: undefined }, held)),
    fails: ['stops at the step that it is given'],
  },
  {
    what: 'writes into its parameters',
    setup: () =>
      subjectOf((trial, held) => {
        const params = trial.params as { epochs: number; learningRate: number }
        params.learningRate = Math.min(params.learningRate, 0.1)
        return descend(trial, held)
      }),
    fails: ['does not change its parameters'],
  },
  {
    what: 'answers any format with the wrong bytes',
    setup: () =>
      subjectOf(async function* (trial, held) {
        const training = descend(trial, held)
        try {
          for (;;) {
            const result = await training.next()
            if (result.done === true) {
              const artifact = result.value
              return artifact === undefined ? undefined : { ...artifact, as: () => artifact }
            }
            yield result.value
          }
        } finally {
          await training.return(undefined)
        }
      }),
    fails: ['leaves an artefact that can be read', 'refuses a format that the artefact does not have'],
  },
]
