// Pages on samplers begin with a program, which is run as it stands there.
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it.each(['nsga.md', 'several-objectives.md'])('docs/samplers/%s begins with a program that runs', async (page) => {
  const text = await readFile(new URL(`../docs/samplers/${page}`, import.meta.url), 'utf8')
  const program = /```ts\n(.*?)```/s.exec(text)?.[1] ?? 'throw new Error("The page has no program.")'
  const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', '--input-type=module-typescript', '--eval', program], { cwd: fileURLToPath(new URL('.', import.meta.url)) })
  expect(stdout).toMatch(/0\.9\d+/) // of the front that it prints
})
