import { execFile } from 'node:child_process'
import { symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, expect, it } from 'vitest'
import { attune, newFolder, program, removeFolders } from '../attune.test-support.ts'
import { makeFront } from '../studies.test-support.ts'

const run = promisify(execFile)

afterEach(removeFolders)

it('no command writes its output over a database, by whatever name', async () => {
  const folder = await newFolder()
  const storage = join(folder, 'study.db')
  const link = join(folder, 'trials.csv')
  await makeFront(storage, 'kept')
  await symlink(storage, link)
  for (const output of [storage, link]) {
    for (const command of ['export', 'report']) {
      expect(await attune([command, 'kept', '-s', storage, '-o', output]), command).toMatchObject({ code: 2, errors: expect.stringContaining('would be overwritten') })
    }
  }
  expect((await attune(['show', 'kept', '-s', storage])).code).toBe(0)
})

it.skipIf(process.platform === 'win32')('a pipe is written to, and never read (not on Windows, which has no such pipes)', async () => {
  const folder = await newFolder()
  const [storage, pipe] = [join(folder, 'study.db'), join(folder, 'pipe')]
  await makeFront(storage, 'kept')
  await run('mkfifo', [pipe])
  const [{ stdout }, { code }] = await Promise.all([run('cat', [pipe]), attune(['export', 'kept', '-s', storage, '-o', pipe])])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^number,state,/)
})

it.skipIf(process.platform !== 'linux')('an output that cannot be written whole is told of, and fails (on Linux, where a device is always full)', async () => {
  const storage = join(await newFolder(), 'study.db')
  await makeFront(storage, 'kept')
  const exporting = run('/bin/sh', ['-c', 'exec "$@" > /dev/full', 'sh', process.execPath, '--conditions=attune-source', program, 'export', 'kept', '-s', storage])
  await expect(exporting).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/^attune: The output cannot be written, and is not whole: ENOSPC.*\n$/) })
})
