import { AttuneError, type Predictor, type Rows } from '@attune/core'
import type { PredictorSubject } from '../predictor-suite.ts'

const rows: Rows = { data: Float32Array.from([1, 2, 3, 4, 5, 6, 7, 8]), shape: [4, 2] }

/** A real, tiny predictor: sum and difference of two numbers. */
export function plainPredictor(): Predictor {
  return {
    specVersion: 'v1',
    id: 'sum',
    async predict({ data, shape }, { signal } = {}) {
      if (shape[1] !== 2) throw new AttuneError('PREDICT', `The rows have ${shape[1]} numbers, but two are wanted.`)
      await Promise.resolve()
      if (signal?.aborted) throw new AttuneError('ABORTED', 'The prediction was aborted.')
      return { data: data.map((value, index) => (index % 2 === 0 ? value + data[index + 1]! : data[index - 1]! - 3 * value)), shape: [...shape] }
    },
  }
}

export function plainSubject(): PredictorSubject {
  return { predictor: plainPredictor(), rows }
}

function twin(predict: (plain: Predictor) => Predictor['predict'], more: Partial<Predictor> = {}): () => PredictorSubject {
  return () => {
    const plain = plainPredictor()
    return { predictor: { ...plain, predict: predict(plain), ...more }, rows }
  }
}

interface Broken {
  readonly what: string
  readonly setup: () => PredictorSubject
  readonly fails: readonly string[]
}

const apart = 'answers a row the same whatever is beside it'
const order = 'answers rows in their order'

/** Predictors that each break one promise: the suite must notice every one. */
export const brokenPredictors: readonly Broken[] = [
  { what: 'has no name', setup: twin((plain) => (batch, options) => plain.predict(batch, options), { id: '' }), fails: ['says which contract it keeps'] },
  {
    what: 'answers one row too few',
    setup: twin((plain) => async (batch, options) => {
      const { data, shape } = await plain.predict(batch, options)
      return { data: data.slice(2), shape: [shape[0]! - 1, ...shape.slice(1)] }
    }),
    fails: ['answers finite numbers, a row for each row', order, apart, 'keeps calls apart that overlap'],
  },
  {
    what: 'answers infinite logits',
    setup: twin((plain) => async (batch, options) => {
      const { data, shape } = await plain.predict(batch, options)
      return { data: data.map((value) => (value === 3 ? -Infinity : value)), shape }
    }),
    fails: ['answers finite numbers, a row for each row'],
  },
  {
    what: 'sorts its answers',
    setup: twin((plain) => async (batch, options) => {
      const { data, shape } = await plain.predict(batch, options)
      return { data: data.toSorted(), shape }
    }),
    fails: [order, apart, 'keeps calls apart that overlap'],
  },
  {
    what: 'normalises over the batch',
    setup: twin((plain) => async (batch, options) => {
      const { data, shape } = await plain.predict(batch, options)
      const largest = Math.max(...data.map(Math.abs))
      return { data: data.map((value) => value / largest), shape }
    }),
    fails: [apart, 'keeps calls apart that overlap'],
  },
  {
    what: 'writes into the rows',
    setup: () => ({
      ...twin((plain) => async (batch, options) => {
        const answer = await plain.predict({ ...batch, data: batch.data.slice() }, options)
        batch.data[1]! += 1e-5
        return answer
      })(),
      rows: { ...rows, data: rows.data.slice() },
    }),
    fails: ['does not change the rows, nor an answer that it gave'],
  },
  {
    what: 'answers in memory that it uses again',
    setup: () => {
      const memory = new Float32Array(64)
      return twin((plain) => async (batch, options) => {
        const { data, shape } = await plain.predict(batch, options)
        memory.set(data)
        return { data: memory.subarray(0, data.length), shape }
      })()
    },
    fails: [order, apart, 'does not change the rows, nor an answer that it gave', 'keeps calls apart that overlap'],
  },
  {
    what: 'mixes up calls that overlap',
    setup: () => {
      let latest: Rows = rows
      return twin((plain) => async (batch, options) => {
        latest = batch
        await Promise.resolve()
        return plain.predict(latest.shape[0] === batch.shape[0] && latest.shape[1] === batch.shape[1] ? latest : batch, options)
      })()
    },
    fails: ['keeps calls apart that overlap'],
  },
  { what: 'ignores an abort', setup: twin((plain) => (batch) => plain.predict(batch)), fails: ['rejects when it is aborted, and answers again'] },
  {
    what: 'is broken by an abort',
    setup: () => {
      let broken = false
      return twin((plain) => async (batch, options) => {
        if (broken) throw new Error('The session was closed by an abort.')
        broken = options?.signal?.aborted === true
        return plain.predict(batch, options)
      })()
    },
    fails: ['rejects when it is aborted, and answers again'],
  },
  {
    what: 'takes rows of any width',
    setup: twin((plain) => (batch, options) => plain.predict(batch.shape[1] === 2 ? batch : { data: batch.data.subarray(0, 8), shape: [4, 2] }, options)),
    fails: ['rejects rows of another width, and answers again'],
  },
  {
    what: 'cannot be closed twice',
    setup: () => {
      let closed = false
      return twin((plain) => (batch, options) => plain.predict(batch, options), {
        close() {
          if (closed) throw new Error('It was closed before.')
          closed = true
        },
      })()
    },
    fails: ['can be closed, twice if need be'],
  },
]
