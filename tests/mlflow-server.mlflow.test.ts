import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest'
import { missingMlflow } from '../tools/python/mlflow.mjs'

const tool = new URL('../tools/python/mlflow.mjs', import.meta.url).href
let folder = ''
let program: ChildProcess | undefined
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'attune-mlflow-server-'))
})
afterEach(async () => {
  program?.kill('SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

async function answers(url: string): Promise<boolean> {
  return await fetch(`${url}/health`).then(({ ok }) => ok, () => false)
}

describe.skipIf(inject('mlflow') === undefined || process.platform === 'win32')(`the MLflow server of tests${missingMlflow === undefined ? ' (not on Windows)' : ` (skipped: ${missingMlflow})`}`, () => {
  test('ends, with its workers, when the process that started it is killed', { timeout: 300_000 }, async () => {
    program = spawn(process.execPath, ['--input-type=module', '--eval', `import { startMlflow } from ${JSON.stringify(tool)}\nconsole.log((await startMlflow({ workers: 2, folder: ${JSON.stringify(folder)} })).url)`], { stdio: ['ignore', 'pipe', 'inherit'] })
    const [line] = (await once(program.stdout!, 'data')) as [Buffer]
    const url = line.toString().trim()
    expect(await answers(url)).toBe(true)
    program.kill('SIGKILL')
    await once(program, 'exit')
    // Returns when it has gone; the deadline of the test catches one that stays.
    while (await answers(url)) await new Promise((resolve) => setTimeout(resolve, 20))
  })
})
