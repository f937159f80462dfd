import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * `mkdir -p`. Answers the folders in which another was made: those that a power failure may take it from. Node's own `recursive: true` never returns where a file system answers ENOENT although the parent
 * exists (/proc does), and a logger must not hang.
 */
export async function makeFolders(path: string): Promise<readonly string[]> {
  try {
    return await makeOne(path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' || dirname(path) === path) throw error
    return [...(await makeFolders(dirname(path))), ...(await makeOne(path))]
  }
}

async function makeOne(path: string): Promise<readonly string[]> {
  try {
    await mkdir(path)
    return [dirname(path)]
  } catch (error) {
    if (codeOf(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error
    return []
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
