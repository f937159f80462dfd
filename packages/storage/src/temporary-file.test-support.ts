import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A path in a folder of its own, with a space in it, and what removes the folder. */
export function temporaryFile(name = 'attune.db'): { readonly path: string; readonly remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'attune storage '))
  return { path: join(folder, name), remove: () => rmSync(folder, { recursive: true, force: true }) }
}
