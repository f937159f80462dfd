import { setTimeout as sleep } from 'node:timers/promises'
import { float, int, type Params, type Report, type Trial } from '@attune/core'

export const soakSpace = { x: float(0, 1), n: int(1, 8) }

type SoakParams = Params<typeof soakSpace>

/** What a trial with these parameters must come to: whoever looks at the file can compute it again. */
export function soakValue({ x, n }: SoakParams): number {
  return x * n - 1 / 3
}

/** Its metric after a step. */
export function soakStep(params: SoakParams, step: number): number {
  return soakValue(params) + 1 / step
}

const lastStep = 4
/** Milliseconds of a step: some trials must still run when a kill comes. */
const stepTime = 5

function bytesOf(number: number, step: number): Uint8Array {
  return new TextEncoder().encode(`${number} ${step}`.padEnd(2000))
}

async function* training(trial: Trial<SoakParams>): AsyncGenerator<Report, number, void> {
  const { number, params, resumeFrom } = trial
  if (resumeFrom !== undefined && new TextDecoder().decode(resumeFrom.bytes).trim() !== `${number} ${resumeFrom.step}`) throw new Error(`Trial ${number} was given another checkpoint.`)
  for (let step = (resumeFrom?.step ?? 0) + 1; step <= lastStep; step++) {
    await sleep(stepTime)
    yield { step, loss: soakStep(params, step), checkpoint: () => bytesOf(number, step) }
  }
  return soakValue(params)
}

/** Every 50th trial saves checkpoints, every tenth reports steps, the others answer at once. */
export function soakObjective(trial: Trial<SoakParams>): number | Promise<number> | AsyncGenerator<Report, number, void> {
  if (trial.number % 50 === 0) return training(trial)
  if (trial.number % 10 === 0) return reporting(trial)
  return soakValue(trial.params)
}

async function reporting(trial: Trial<SoakParams>): Promise<number> {
  for (let step = 1; step <= lastStep; step++) {
    await sleep(stepTime)
    if ((await trial.report({ step, loss: soakStep(trial.params, step) })) === 'stop') break
  }
  return soakValue(trial.params)
}
