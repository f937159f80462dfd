// Run as a process of its own, under a limit on the size of files: node --conditions=attune-source full-disk.test-support.ts DIRECTORY
import { isAttuneError } from '@attune/core'
import { directoryArtifacts } from './directory-artifacts.ts'

const store = directoryArtifacts(process.argv[2]!)
const small = await store.put(new Uint8Array(1000))
const failure: unknown = await Promise.resolve(store.put(new Uint8Array(10_000_000))).catch((error: unknown) => error)
const again = await store.put(new Uint8Array(1001))
console.log(JSON.stringify({ code: isAttuneError(failure) ? failure.code : String(failure), kept: (await store.list()).map(({ hash }) => hash).toSorted(), expected: [small, again].toSorted() }))
