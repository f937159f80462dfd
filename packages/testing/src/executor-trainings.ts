// What the executor suite runs, loaded wherever the executor runs trainers. Imports nothing that has to be found there.
import type { Artifact, Report, TrainerTrial, TrainingResult } from '@attune/core'

type Training = AsyncGenerator<Report, TrainingResult, void>

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

/** Tells what it was given. */
export async function* echo({ study, number, attempt, params, seed, toStep, resumeFrom, setAttribute }: TrainerTrial): Training {
  const given = { study: study ?? null, number, attempt, params, seed, toStep: toStep ?? null, resumeFrom: resumeFrom === undefined ? null : { step: resumeFrom.step, bytes: [...resumeFrom.bytes] } }
  await setAttribute('given', given as never)
  yield { step: 1, value: 0 }
}

/** Reports numbers that are easily lost. */
export async function* numbers(): Training {
  yield { step: 1, nan: NaN, infinity: Infinity, minus: -Infinity, zero: -0, least: 5e-324, largest: Number.MAX_VALUE, third: 1 / 3 }
  yield { step: 2, missing: undefined, value: 1 }
}

/** Offers checkpoints, and counts in its metrics how many were made. */
export async function* checkpoints({ resumeFrom }: TrainerTrial): Training {
  let made = 0
  for (let step = (resumeFrom?.step ?? 0) + 1; step <= 4; step++) {
    yield {
      step,
      made,
      checkpoint: () => {
        made++
        return bytesOf(`after ${step}`)
      },
    }
  }
}

/** Warns, keeps an attribute and artefacts, and asks for one of each that is refused. */
export async function* talks(trial: TrainerTrial): Training {
  trial.warn('look here')
  await trial.setAttribute('list', [1, 'two', null, { three: [] }])
  let refused = ''
  try {
    await trial.setAttribute('refused', true)
  } catch (error) {
    refused = error instanceof Error ? error.message : 'no Error'
  }
  await trial.setAttribute('message', refused)
  await trial.setArtifact('curve', Uint8Array.of(1, 2, 3).subarray(1), { kind: 'image/png', meta: { dpi: 300 } })
  await trial.setArtifact('plain', Uint8Array.of(4))
  try {
    await trial.setArtifact('refused', Uint8Array.of(5))
  } catch (error) {
    refused = error instanceof Error ? error.message : 'no Error'
  }
  await trial.setArtifact('message', bytesOf(refused))
  yield { step: 1, value: 1 }
}

function artifact(kind: string): Artifact {
  return {
    kind,
    meta: { of: kind, zero: -0 },
    bytes: () => bytesOf(`as ${kind}`),
    as: (other) => {
      if (other !== 'first' && other !== 'second') throw new Error(`There is "first" and "second", not "${other}".`)
      return artifact(other)
    },
  }
}

export async function* model(): Training {
  yield { step: 1, value: 1 }
  return artifact('first')
}

/** Ends with what its parameter says. */
export async function* results({ params }: TrainerTrial): Training {
  yield { step: 1, value: 1 }
  switch ((params as { readonly result: string }).result) {
    case 'number':
      return -0
    case 'metrics':
      return { value: NaN, other: 2 }
    default:
      return undefined
  }
}

/** Throws what its parameter says, after a report. */
export async function* throws({ params }: TrainerTrial): Training {
  yield { step: 1, value: 1 }
  if ((params as { readonly what: string }).what === 'text') throw 'a text' as unknown as Error
  throw new RangeError('too far to go on')
}

/** Runs until it is stopped, and says when it was. */
export async function* cleans({ setAttribute }: TrainerTrial): Training {
  try {
    for (let step = 1; ; step++) yield { step, value: step }
  } finally {
    await setAttribute('cleaned', true)
  }
}

/** Waits for its abort after a report. */
export async function* waits({ signal }: TrainerTrial): Training {
  yield { step: 1, value: 1 }
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve())
  })
  yield { step: 2, value: 2 }
}

/** Never ends, whatever is asked of it. */
export async function* hangs(): Training {
  yield { step: 1, value: 1 }
  await new Promise(() => undefined)
}

/** Reports its own number alone. */
export async function* own({ number, params }: TrainerTrial): Training {
  for (let step = 1; step <= 20; step++) {
    await Promise.resolve()
    yield { step, number, x: (params as { readonly x: number }).x }
  }
  return { number }
}
