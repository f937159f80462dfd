import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { loadStudy } from '@attune/core'
import { sqlite } from '@attune/storage'
import { afterEach, expect, test } from 'vitest'
import { eventFiles, points, runValues, temporaryFolder } from './files.test-support.ts'

const program = fileURLToPath(new URL('sharing-program.test-support.ts', import.meta.url))
const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

interface Worker {
  readonly exit: Promise<unknown>
  go(): void
  kill(): void
}

/** A process that has opened the study. */
async function worker(file: string, logDir: string, trials: number): Promise<Worker> {
  const child = spawn(process.execPath, ['--conditions=attune-source', program, file, logDir, String(trials)], { stdio: ['pipe', 'pipe', 'inherit'] })
  children.push(child)
  const exit = once(child, 'exit')
  await once(createInterface({ input: child.stdout }), 'line')
  return { exit, go: () => child.stdin.write('go\n'), kill: () => child.kill('SIGKILL') }
}

async function expectEachOnce(file: string, logDir: string, trials: number): Promise<void> {
  const study = await loadStudy({ storage: sqlite(file), name: 'shared' })
  const folders = await readdir(logDir)
  expect(folders).toHaveLength(1)
  const folder = join(logDir, folders[0]!)
  expect(study.trials().length).toBeGreaterThanOrEqual(trials)
  for (const trial of study.trials()) {
    const run = join(folder, `trial-${String(trial.number).padStart(4, '0')}`)
    expect(await eventFiles(run)).toHaveLength(1)
    expect(await points(run, 'score')).toEqual(trial.reports.map(({ step, metrics }) => [step, Math.fround(metrics['score']!)]))
    const kinds = (await runValues(run)).map(([, { kind }]) => kind)
    expect([kinds.filter((kind) => kind === 'session-start').length, kinds.filter((kind) => kind === 'session-end').length]).toEqual([1, 1])
  }
  expect((await points(join(folder, 'study'), 'study/complete')).at(-1)![1]).toBe(study.counts.complete)
  const warnings: string[] = []
  for await (const event of study.events()) if (event.type === 'warning' && event.source === 'tensorboard') warnings.push(event.message)
  expect(warnings).toEqual([])
  await study.close()
}

test('two processes on a study log each trial once, whoever runs it', async () => {
  await using folder = await temporaryFolder()
  const [file, logDir] = [join(folder.path, 'study.db'), join(folder.path, 'runs')]
  const workers = [await worker(file, logDir, 12), await worker(file, logDir, 12)]
  for (const { go } of workers) go()
  await Promise.all(workers.map(({ exit }) => exit))
  await expectEachOnce(file, logDir, 12)
})

test('when the process that logs is killed, another one goes on where it was', async () => {
  await using folder = await temporaryFolder()
  const [file, logDir] = [join(folder.path, 'study.db'), join(folder.path, 'runs')]
  const first = await worker(file, logDir, 40)
  const second = await worker(file, logDir, 40)
  for (const { go } of [first, second]) go()
  // Killed in the middle of its work: some trials are there, and not all.
  const study = async (): Promise<readonly string[]> => (await readdir(join(logDir, (await readdir(logDir))[0]!))).filter((name) => name.startsWith('trial-'))
  while ((await study()).length < 4) await new Promise((resolve) => setImmediate(resolve))
  first.kill()
  await Promise.all([first.exit, second.exit])
  await expectEachOnce(file, logDir, 40)
})
