import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { createStudy, float, type Executor, type Study, type Trainer, type TrialRecord } from '@attune/core'
import { fromModule } from './from-module.ts'

const trainings = new URL('trainings.test-support.ts', import.meta.url)
const studies: Study[] = []
const folders: string[] = []

/** One of the trainings for tests. */
export function training(name: string): Trainer {
  return fromModule(trainings, name)
}

/** A study that `cleanUp` closes. */
export async function studyOn(executor: Executor, more: object = {}): Promise<Study> {
  const study = (await createStudy({ space: { x: float(-5, 5) }, executor, seed: 1, ...more } as object)) as unknown as Study
  studies.push(study)
  return study
}

/** Runs trials until one completes or fails, and answers the first. */
export async function once(study: Study, trainer: Trainer, more: { readonly trialTimeout?: number; readonly grace?: number } = {}): Promise<TrialRecord> {
  await study.optimize(trainer, { trials: 1, stop: ({ counts }) => (counts.failed > 0 ? 'one has failed' : undefined), ...more })
  return study.trials()[0]!
}

/** An empty folder that `cleanUp` removes. */
export function folder(): string {
  const path = realpathSync(mkdtempSync(join(tmpdir(), 'attune executor ')))
  folders.push(path)
  return path
}

export async function cleanUp(): Promise<void> {
  for (const study of studies.splice(0)) await study.close()
  for (const path of folders.splice(0)) rmSync(path, { recursive: true })
}

/** Waits for a condition that another process brings about; vitest's deadline catches a hang. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await delay(10)
}

/** True once this process was told that its child has ended. */
export function isCollected(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return false
  } catch {
    return true
  }
}

/** A process that ended but was not collected by its new parent yet counts as gone. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return true
  }
  return existsSync(`/proc/${pid}/stat`) && / Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}

/** Clock ticks that a process has computed so far, on Linux. */
export function ticks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ')
  return Number(fields[11]) + Number(fields[12])
}

/** True while a signal keeps a process from computing, on Linux. */
export function isStopped(pid: number): boolean {
  return /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}
