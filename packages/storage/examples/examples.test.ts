import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'

/** Runs an example in a folder and answers what it printed. Anything on standard error, a warning included, fails. */
async function run(folder: string, example: string, ...parts: readonly string[]): Promise<string> {
  const child = spawn(process.execPath, ['--conditions=attune-source', fileURLToPath(new URL(example, import.meta.url)), ...parts], { cwd: folder })
  let printed = ''
  let failed = ''
  child.stdout.on('data', (text) => (printed += text))
  child.stderr.on('data', (text) => (failed += text))
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  expect({ code, failed }).toEqual({ code: 0, failed: '' })
  return printed
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'attune storage '))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

it('resume.ts goes on with its study each time it runs', async () => {
  const folder = temporaryFolder()
  expect(await run(folder, 'resume.ts')).toMatch(/^10 trials, best at \{ x: /)
  expect(await run(folder, 'resume.ts')).toMatch(/^20 trials/)
})

it('speed.ts measures', async () => {
  const { trials, storageAlone, wholeStudy } = JSON.parse(await run(temporaryFolder(), 'speed.ts', 'speed.db', '50'))
  expect(trials).toBe(50)
  expect(storageAlone.trialsPerSecond).toBeGreaterThan(0)
  expect(wholeStudy.trialsPerSecond).toBeGreaterThan(0)
})
