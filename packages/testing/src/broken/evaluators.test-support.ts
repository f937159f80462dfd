import { type Artifact, AttuneError, type EvaluateContext, type Evaluator, type Metrics } from '@attune/core'
import type { EvaluatorSubject } from '../evaluator-suite.ts'
import { weightsArtifact } from './trainers.test-support.ts'

async function weightOf(artifact: Artifact): Promise<number> {
  const text = new TextDecoder().decode(await (await artifact.as('json')).bytes())
  try {
    return (JSON.parse(text) as { readonly weight: number }).weight
  } catch (cause) {
    throw new AttuneError('EVALUATE', 'The weights are not JSON: the artefact is damaged.', { cause })
  }
}

/** A real, tiny evaluator of the weights that the plain trainer leaves. */
export function plainEvaluator(): Evaluator {
  return {
    specVersion: 'v1',
    id: 'square',
    exclusive: false,
    directions: { loss: 'minimize' },
    async evaluate(artifact, context) {
      const weight = await weightOf(artifact)
      if (context.signal.aborted) throw new AttuneError('ABORTED', 'The evaluation was aborted.')
      return { loss: weight ** 2, bytes: (await artifact.bytes()).length }
    },
  }
}

type Evaluate = (artifact: Artifact, context: EvaluateContext) => Promise<Metrics>

function twin(change: (plain: Evaluate) => Evaluate, more: Partial<Evaluator> = {}): () => EvaluatorSubject {
  return () => {
    const plain = plainEvaluator()
    return { evaluator: { ...plain, evaluate: change(async (artifact, context) => plain.evaluate(artifact, context)), ...more }, artifact: weightsArtifact(0.5) }
  }
}

interface Broken {
  readonly what: string
  readonly setup: () => EvaluatorSubject
  readonly fails: readonly string[]
}

/** Evaluators that each break one promise: the suite must notice every one. */
export const brokenEvaluators: readonly Broken[] = [
  {
    what: 'answers NaN',
    setup: twin((plain) => async (artifact, context) => ({ ...(await plain(artifact, context)), accuracy: NaN })),
    fails: ['answers metrics that are finite numbers', 'answers the same for the same artefact', 'ends when it is aborted, and judges again', 'can be used again after release', 'keeps calls apart that overlap, unless it is exclusive'],
  },
  {
    what: 'says which way a metric is better that it does not answer',
    setup: twin((plain) => plain, { directions: { loss: 'minimize', accuracy: 'maximize' } }),
    fails: ['says which way metrics are better that it answers'],
  },
  {
    what: 'says a way that is none',
    setup: twin((plain) => plain, { directions: { loss: 'down' } } as never),
    fails: ['says which way metrics are better that it answers'],
  },
  {
    what: 'answers other numbers each time',
    setup: () => {
      let calls = 0
      return twin((plain) => async (artifact, context) => ({ ...(await plain(artifact, context)), milliseconds: ++calls }))()
    },
    fails: ['answers the same for the same artefact', 'ends when it is aborted, and judges again', 'can be used again after release', 'keeps calls apart that overlap, unless it is exclusive'],
  },
  {
    what: 'writes into the artefact',
    setup: () => {
      const bytes = new TextEncoder().encode('{"weight":0.5} ')
      const artifact: Artifact = { kind: 'json', bytes: () => bytes, as: () => artifact }
      return {
        evaluator: {
          ...plainEvaluator(),
          evaluate: async (given, context) => {
            const metrics = await plainEvaluator().evaluate(given, context)
            const own = await given.bytes()
            own[own.length - 1] = 10
            return metrics
          },
        },
        artifact,
      }
    },
    fails: ['does not change the artefact'],
  },
  {
    what: 'judges whatever it is given',
    setup: twin((plain) => async (artifact, context) => plain(artifact, context).catch((error: unknown) => ({ loss: 1e9, bytes: String(error).length }))),
    fails: ['refuses an artefact of a kind that it does not know', 'refuses an artefact whose bytes are damaged', 'fails if the artefact cannot be read'],
  },
  {
    what: 'fails without saying why',
    setup: twin((plain) => async (artifact, context) =>
      plain(artifact, context).catch(() => {
        throw new Error('failed')
      }),
    ),
    fails: ['refuses an artefact of a kind that it does not know', 'refuses an artefact whose bytes are damaged', 'fails if the artefact cannot be read'],
  },
  {
    what: 'is broken by an abort',
    setup: () => {
      let broken = false
      return twin((plain) => async (artifact, context) => {
        if (broken) throw new Error('The session was closed by an abort.')
        await Promise.resolve()
        broken = context.signal.aborted
        return plain(artifact, context)
      })()
    },
    fails: ['ends when it is aborted, and judges again', 'ends when it was aborted before it began'],
  },
  {
    what: 'cannot be used after release',
    setup: () => {
      let released = false
      return twin(
        (plain) => async (artifact, context) => {
          if (released) throw new Error('The evaluator was released before.')
          return plain(artifact, context)
        },
        { release: () => void (released = true) },
      )()
    },
    fails: ['can be used again after release'],
  },
  {
    what: 'mixes up calls that overlap',
    setup: () => {
      let running = 0
      return twin((plain) => async (artifact, context) => {
        running++
        try {
          const metrics = await plain(artifact, context)
          return { ...metrics, loss: (metrics['loss'] ?? 0) * running }
        } finally {
          running--
        }
      })()
    },
    fails: ['keeps calls apart that overlap, unless it is exclusive'],
  },
]
