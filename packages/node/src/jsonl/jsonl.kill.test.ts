import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createStudy, float, minimize } from '@attune/core'
import type { StudyEvent } from '@attune/core'
import { expect, it } from 'vitest'
import { faults, readFolder, temporaryFolder } from './files.test-support.ts'

const program = fileURLToPath(new URL('logging-program.test-support.ts', import.meta.url))

/** Logs in a process of its own, which is killed once it has logged that many events. Answers whether it was at the end before. */
async function logUntilKilled(args: readonly string[], events: number): Promise<boolean> {
  const child = spawn(process.execPath, ['--conditions=attune-source', program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    const exit = once(child, 'exit')
    let logged = 0
    for await (const _ of createInterface({ input: child.stdout })) if (++logged === events) child.kill('SIGKILL')
    const [code] = (await exit) as [number | null]
    return code === 0
  } finally {
    child.kill('SIGKILL')
  }
}

it('P13: kill -9, again and again, neither loses nor doubles a line of a log', { timeout: 240_000 }, async () => {
  await using folder = await temporaryFolder()
  const study = await createStudy({ name: 'digits', seed: 3, space: { x: float(0, 1), y: float(0, 1) }, objective: minimize('loss') })
  await study.optimize(async function* ({ params: { x, y } }) {
    for (let step = 1; step <= 10; step++) yield { step, loss: x / step, other: y }
  }, { trials: 40, concurrency: 3 })
  const events: StudyEvent[] = []
  for await (const event of study.events()) events.push(event)
  const file = join(folder.path, 'events.json')
  await writeFile(file, JSON.stringify({ id: study.summary.id, events }))
  const logs = join(folder.path, 'logs')
  let kills = 0
  // A process may have done more than it said when it is killed, so every round goes on from somewhere else.
  while (!(await logUntilKilled([join(logs, 'digits.jsonl'), file], 20 + 15 * kills))) expect(++kills).toBeLessThan(60)
  expect(kills).toBeGreaterThan(3)
  const lines = await readFolder(logs)
  expect(faults(lines)).toEqual([])
  expect(lines.filter(({ kind }) => kind === 'event').map(({ event, revision }) => [event, revision])).toEqual(events.map(({ type, revision }) => [type, revision]))
})
