import type { FileHandle } from 'node:fs/promises'
import { nodeFileSystem } from './file-system.ts'
import type { FileSystem } from './file-system.ts'

/** A file system, by default the real one, with `before` called ahead of each call: it may throw, or end the process. */
export function watchedFileSystem(before: (call: string, path: string) => void, files: FileSystem = nodeFileSystem): FileSystem {
  const watched = <F extends (...args: never[]) => Promise<unknown>>(name: string, call: F): F =>
    (async (...args: Parameters<F>) => {
      before(name, String(args[0]))
      const answer = await call(...args)
      return name === 'open' ? watchedHandle(answer as FileHandle, String(args[0]), before) : answer
    }) as F
  return Object.fromEntries(Object.entries(files).map(([name, call]) => [name, watched(name, call as never)])) as unknown as FileSystem
}

function watchedHandle(handle: FileHandle, path: string, before: (call: string, path: string) => void): FileHandle {
  return new Proxy(handle, {
    get(target, name) {
      const value = Reflect.get(target, name, target) as unknown
      if (typeof value !== 'function') return value
      return (...args: unknown[]): unknown => {
        // A handle that is not closed would leak; closing does not fail in the ways that matter here.
        if (name === 'writeFile' || name === 'sync') before(String(name), path)
        return Reflect.apply(value, target, args)
      }
    },
  })
}

/** A failed system call, as Node reports it. */
export function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: made by a test`), { code })
}
