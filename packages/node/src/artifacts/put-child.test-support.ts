// Run as a process of its own: node --conditions=attune-source put-child.test-support.ts MODE DIRECTORY NUMBER
import { createHash } from 'node:crypto'
import { writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { directoryStore } from './directory-artifacts.ts'
import { watchedFileSystem } from './faulty-file-system.test-support.ts'
import { content } from './content.test-support.ts'
import { nodeFileSystem } from './file-system.ts'
import type { FileSystem } from './file-system.ts'

/** Claims of this process, and of a study that put the same bytes before it started. */
const claim = { study: 'child', session: '1' }

const [mode, path = '', argument = ''] = process.argv.slice(2)
const number = Number(argument)

const hashOf = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

/** A store that is wrong on purpose: it writes under the artefact's own name. */
function inPlace(bytes: Uint8Array): FileSystem {
  const hash = hashOf(bytes)
  const target = join(path, hash.slice(0, 2), hash)
  const isTemporary = (name: unknown): boolean => dirname(String(name)) === join(path, 'tmp')
  return { ...nodeFileSystem, open: (name, ...rest) => nodeFileSystem.open(isTemporary(name) ? target : name, ...rest), rename: () => Promise.resolve() }
}

if (mode === 'die-releasing' || mode === 'die-deleting') {
  let calls = 0
  const store = directoryStore(path, {}, watchedFileSystem(() => {
    if (calls++ === number) process.kill(process.pid, 'SIGKILL')
  }))
  if (mode === 'die-releasing') await store.release(hashOf(content(0)), claim, 0)
  else await store.delete(hashOf(content(0)))
  writeSync(1, 'over\n')
} else if (mode === 'die' || mode === 'die-in-place') {
  // Ends itself, without any clean-up, before the call of this number.
  let calls = 0
  const store = directoryStore(path, {}, watchedFileSystem(() => {
    if (calls++ === number) process.kill(process.pid, 'SIGKILL')
  }, mode === 'die' ? nodeFileSystem : inPlace(content(0))))
  await store.put(content(0), claim)
  writeSync(1, 'whole\n')
} else if (mode === 'put-and-release') {
  // A study of its own that needs each artefact for a moment, as others do at the same time.
  const store = directoryStore(path, {}, nodeFileSystem)
  const own = { study: `study-${process.pid}`, session: '1' }
  for (let index = 0; index < number; index++) {
    const bytes = content(1 + (index % 3))
    const hash = await store.put(bytes, own)
    for (let look = 0; look < 3; look++) if (hashOf((await store.get(hash)) ?? new Uint8Array()) !== hash) writeSync(1, `lost in round ${index}\n`)
    await store.release(hash, own, 600_000)
  }
} else {
  // Puts one artefact after the other, and tells each number once it is safe.
  const store = directoryStore(path, {}, nodeFileSystem)
  for (let index = 0; index < number; index++) {
    await store.put(content(index), claim)
    writeSync(1, `${index}\n`)
  }
}
