import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { runValues, temporaryFolder } from './files.test-support.ts'
import { context, longHistory } from './study-events.test-support.ts'
import { tensorboard } from './tensorboard.ts'

const program = fileURLToPath(new URL('logging-program.test-support.ts', import.meta.url))

/** Logs in a process of its own, which is killed once it has logged that many events. Answers whether it was at the end before. */
async function logUntilKilled(logDir: string, events: number): Promise<boolean> {
  const child = spawn(process.execPath, ['--conditions=attune-source', program, logDir], { stdio: ['ignore', 'pipe', 'inherit'] })
  const exit = once(child, 'exit')
  let logged = 0
  for await (const _ of createInterface({ input: child.stdout })) if (++logged === events) child.kill('SIGKILL')
  const [code] = (await exit) as [number | null]
  return code === 0
}

async function contents(logDir: string): Promise<unknown> {
  const study = join(logDir, (await readdir(logDir))[0]!)
  const runs = (await readdir(study)).filter((name) => name.startsWith('trial-')).sort()
  return Promise.all(runs.map(async (run) => [run, await runValues(join(study, run))]))
}

test('kill -9, again and again at different events, neither loses nor doubles anything', { timeout: 240_000 }, async () => {
  await using undisturbed = await temporaryFolder()
  const logger = await tensorboard({ logDir: undisturbed.path }).create(context())
  for (const event of longHistory()) await logger.log(event)
  await logger.close()

  await using folder = await temporaryFolder()
  let kills = 0
  // A process may have done more than it said when it is killed, so every round goes on from somewhere else.
  while (!(await logUntilKilled(folder.path, 40 + 25 * kills))) expect(++kills).toBeLessThan(30)
  expect(kills).toBeGreaterThan(2)
  expect(await contents(folder.path)).toEqual(await contents(undisturbed.path))
})
