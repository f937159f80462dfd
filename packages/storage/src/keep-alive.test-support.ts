/* A process that renews a lease and then has nothing to do: it must end by itself. Arguments: path, closed (whether it closes the storage). */
import { SqliteStorage } from './sqlite-storage.ts'

const [path = '', closed = ''] = process.argv.slice(2)
const storage = await SqliteStorage.open(path)
const id = (await storage.findStudy('shared'))?.id ?? ''
const renewal = storage.keepAlive(id, 'mine', 60_000)
if (closed === 'closed') {
  await storage.close()
  await renewal?.stop()
}
process.stdout.write('idle\n')
process.stdin.unref()
