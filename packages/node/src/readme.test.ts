import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { directoryArtifacts } from './artifacts/directory-artifacts.ts'

const program = fileURLToPath(new URL('../examples/keep-everything.ts', import.meta.url))

it('the README begins with examples/keep-everything.ts, which runs', async () => {
  const source = await readFile(program, 'utf8')
  const readme = await readFile(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8')
  expect(/```ts\n(.*?)```/s.exec(readme)?.[1]).toBe(source)
  expect(source.split('\n').length).toBeLessThanOrEqual(41)
  const folder = await mkdtemp(join(tmpdir(), 'attune readme '))
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', program, join(folder, 'models')], { cwd: folder, env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } })
    expect(stdout).toBe('The best model has 24 bytes; trial 4 made it.\n')
    expect(stderr).toContain('curves: 12 complete')
    expect((await directoryArtifacts(join(folder, 'models')).list()).length).toBeGreaterThan(0)
  } finally {
    await rm(folder, { recursive: true })
  }
})

it('examples/in-children.ts runs the trials of examples/train.ts in child processes', async () => {
  const children = fileURLToPath(new URL('../examples/in-children.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', children], { env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } })
  expect(stdout).toMatch(/^The best of 20 trials has a loss of 0\.\d{3}\.\n$/)
})
