import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('../examples/one-page.ts', import.meta.url))

it('the README begins with examples/one-page.ts, which runs', async () => {
  const source = await readFile(program, 'utf8')
  const readme = await readFile(fileURLToPath(new URL('../README.md', import.meta.url)), 'utf8')
  expect(/```ts\n(.*?)```/s.exec(readme)?.[1]).toBe(source)
  expect(source.split('\n').length).toBeLessThanOrEqual(41)
  const folder = await mkdtemp(join(tmpdir(), 'attune readme '))
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', program], { cwd: folder, env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: undefined } })
    expect(stderr).toBe('')
    expect(stdout).toBe('Open report.html in a browser.\n')
    const page = await readFile(join(folder, 'report.html'), 'utf8')
    expect(page).toContain('<h1>Digits, first try</h1>')
    expect(page).toContain('the data has a gap')
    expect((await readFile(join(folder, 'trials.csv'), 'utf8')).split('\r\n').length).toBeGreaterThan(31)
    expect((await readFile(join(folder, 'trials.md'), 'utf8')).startsWith('| number | accuracy | learningRate |')).toBe(true)
  } finally {
    await rm(folder, { recursive: true })
  }
})
