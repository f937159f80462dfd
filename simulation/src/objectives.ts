import { float, int, type Artifact, type ObjectiveFunction, type Report, type Trial } from '@attune/core'
import type { SimProcess } from './sim-process.ts'
import type { World } from './world.ts'

export const simSpace = { x: float(0, 1), n: int(1, 5) }

export interface SimParams {
  readonly x: number
  readonly n: number
}

/** Metrics follow from the parameters, so whoever reads a history knows whether a value was invented. */
export function lossAt({ x, n }: SimParams, step: number): number {
  return x * n + 1 / step
}

export function finalLoss({ x, n }: SimParams): number {
  return x * n - 1
}

export const lastStep = 6

function checkpointOf(number: number, step: number): Uint8Array {
  return new TextEncoder().encode(JSON.stringify({ number, step }).padEnd(300, '.'))
}

function modelOf(number: number): Artifact {
  return { kind: 'bytes', bytes: () => new TextEncoder().encode(`the model of ${number}`), as: () => Promise.reject(new Error('sim: there is no other format')) }
}

/** The step after which a trial goes on; its bytes must be the ones of that step. */
function resumed(world: World, { number, resumeFrom }: Trial<SimParams>): number {
  if (resumeFrom === undefined) return 0
  const text = new TextDecoder().decode(resumeFrom.bytes)
  if (!text.includes(`"step":${resumeFrom.step}}`)) world.violated('P14', `trial ${number} resumes from step ${resumeFrom.step} with the bytes ${text.slice(0, 40)}`)
  return resumeFrom.step
}

/**
 * The code under optimisation, in the manners that users have: by number of the trial a generator with checkpoints, a function that
 * reports by calls, a plain one, one that fails now and then, one that ignores every abort.
 */
export function simObjective(world: World, process: SimProcess, pace: number): ObjectiveFunction<SimParams> {
  const { dice } = world
  const work = (): Promise<void> => process.sleep(Math.floor(dice.between(0, pace)))

  async function* generator(trial: Trial<SimParams>): AsyncGenerator<Report, Artifact | number, void> {
    for (let step = resumed(world, trial) + 1; step <= lastStep; step++) {
      await work()
      yield { step, loss: lossAt(trial.params, step), checkpoint: () => checkpointOf(trial.number, step) }
    }
    // Every other one leaves a model behind, and its last report is its result.
    return trial.number % 6 === 0 ? finalLoss(trial.params) : modelOf(trial.number)
  }

  async function callbacks(trial: Trial<SimParams>): Promise<number> {
    for (let step = resumed(world, trial) + 1; step <= lastStep; step++) {
      if ((await trial.report({ step, loss: lossAt(trial.params, step), checkpoint: () => checkpointOf(trial.number, step) })) === 'stop') break
      if (dice.chance(0.5)) await work()
    }
    return finalLoss(trial.params)
  }

  return (trial) => {
    switch (trial.number % 6) {
      case 0:
      case 1:
        return generator(trial)
      case 2:
        return callbacks(trial)
      case 3:
        return finalLoss(trial.params)
      case 4:
        return work().then(() => {
          if (dice.chance(0.3)) throw new Error(`sim: trial ${trial.number} fails at its attempt ${trial.attempt}`)
          return finalLoss(trial.params)
        })
      default: // Deaf: does not look at its signal.
        return process.sleep(Math.floor(dice.between(0, 4 * pace))).then(() => finalLoss(trial.params))
    }
  }
}
