// Run as a process of its own: node --conditions=attune-source put-child.test-support.ts MODE DIRECTORY NUMBER
import { writeSync } from 'node:fs'
import { directoryStore } from './directory-artifacts.ts'
import { watchedFileSystem } from './faulty-file-system.test-support.ts'
import { content } from './content.test-support.ts'
import { nodeFileSystem } from './file-system.ts'

const [mode, path = '', argument = ''] = process.argv.slice(2)
const number = Number(argument)

if (mode === 'die') {
  // Ends itself, without any clean-up, before the call of this number.
  let calls = 0
  const store = directoryStore(path, {}, watchedFileSystem(() => {
    if (calls++ === number) process.kill(process.pid, 'SIGKILL')
  }))
  await store.put(content(0))
  writeSync(1, 'whole\n')
} else {
  // Puts one artefact after the other, and tells each number once it is safe.
  const store = directoryStore(path, {}, nodeFileSystem)
  for (let index = 0; index < number; index++) {
    await store.put(content(index))
    writeSync(1, `${index}\n`)
  }
}
