import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'

let copy: string
beforeEach(() => {
  copy = mkdtempSync(join(tmpdir(), 'attune-python-tools-'))
  cpSync(join(import.meta.dirname, '../tools/python'), join(copy, 'tools/python'), { recursive: true })
})
afterEach(() => rmSync(copy, { recursive: true, force: true }))

test.skipIf(process.platform === 'win32')(`Python's packages that cannot be installed are asked for once, and what killed installations left is removed${process.platform === 'win32' ? ' (skipped: the Python that fails is a shell script)' : ''}`, () => {
  const python = join(copy, 'python')
  const asked = join(copy, 'asked')
  // New enough, and then it fails as one without venv.
  writeFileSync(python, `#!/bin/sh\n[ "$1" = -c ] && exit 0\necho "$3" >>'${asked}'\nexit 1\n`)
  chmodSync(python, 0o755)
  const program = `
    import { spawnSync } from 'node:child_process'
    import { ensurePython } from ${JSON.stringify(join(copy, 'tools/python/ensure.mjs'))}
    process.stdout.write(ensurePython().missing + '\\n')
    if (process.argv[1] === 'parent') spawnSync(process.execPath, ['--input-type=module', '-e', process.env.PROGRAM], { stdio: 'inherit' })`
  const run = () => spawnSync(process.execPath, ['--input-type=module', '-e', program, 'parent'], { encoding: 'utf8', env: { ...process.env, CI: '', ATTUNE_MISSING_ENV: undefined, ATTUNE_PYTHON: python, PROGRAM: program } }).stdout.trim().split('\n')

  const [own, childs, ...rest] = run().filter((line) => line.startsWith('Python tools are missing'))
  expect(own).toContain(`${python} -m venv`)
  expect([childs, rest]).toEqual([own, []])
  const attempts = () => readFileSync(asked, 'utf8').trim().split('\n')
  expect(attempts()).toHaveLength(1)

  // Named as the installation was: its environment, and the process. No process has the second number.
  const environment = attempts()[0]!.replace(/\.\d+$/, '')
  for (const owner of [process.pid, 2 ** 31 - 1]) mkdirSync(`${environment}.${owner}`)
  run()
  expect(attempts()).toHaveLength(2)
  expect(readdirSync(join(copy, '.python'))).toEqual([`${environment.slice(environment.lastIndexOf('/') + 1)}.${process.pid}`])
})
