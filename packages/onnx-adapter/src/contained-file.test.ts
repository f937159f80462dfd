import { once } from 'node:events'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { NotContained, readContainedFile } from './contained-file.ts'

const isLinux = process.platform === 'linux'

/** Puts a link out of the directory into the place of `root/sub`, and `sub` back, over and over. */
const swapping = `
const { renameSync } = require('node:fs')
const { folder, stop } = require('node:worker_threads').workerData
const sub = folder + '/root/sub'
while (Atomics.load(stop, 0) === 0) for (const [from, to] of [[sub, folder + '/aside'], [folder + '/link', sub], [sub, folder + '/link'], [folder + '/aside', sub]]) renameSync(from, to)`

test.skipIf(!isLinux)(`a directory that becomes a link between check and use leads nowhere${isLinux ? '' : ' (skipped: only Linux says where an open file lies)'}`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'attune-contained-'))
  const stop = new Int32Array(new SharedArrayBuffer(4))
  await mkdir(join(folder, 'root', 'sub'), { recursive: true })
  await mkdir(join(folder, 'outside'))
  await writeFile(join(folder, 'root', 'sub', 'file'), 'inside')
  await writeFile(join(folder, 'outside', 'file'), 'secret')
  await symlink(join(folder, 'outside'), join(folder, 'link'))
  const worker = new Worker(swapping, { eval: true, workerData: { folder, stop } })
  const ended = once(worker, 'exit')
  try {
    for (let time = 0; time < 1500; time++) {
      try {
        expect(Buffer.from(await readContainedFile('sub/file', join(folder, 'root'), 100)).toString()).toBe('inside')
      } catch (error) {
        if (!(error instanceof NotContained)) throw error
      }
    }
  } finally {
    Atomics.store(stop, 0, 1)
    await ended
    await rm(folder, { recursive: true })
  }
})
