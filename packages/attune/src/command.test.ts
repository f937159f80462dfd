import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const bin = fileURLToPath(new URL('../bin/attune.js', import.meta.url))
const run = promisify(execFile)

it('brings the command `attune`, in its own version', async () => {
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as { readonly version: string; readonly bin: object }
  expect(manifest.bin).toEqual({ attune: 'bin/attune.js' })
  expect(await readFile(bin, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  expect((await run(process.execPath, ['--conditions=attune-source', bin, '--version'])).stdout).toBe(`${manifest.version}\n`)
  await expect(run(process.execPath, ['--conditions=attune-source', bin, 'studies'], { env: { ...process.env, ATTUNE_STORAGE: '' } })).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('Which file') })
})
