import { statSync } from 'node:fs'
import { open, writeFile } from 'node:fs/promises'
import { AttuneError, isAttuneError } from '@attune/core'
import { describe } from '../describe-error.ts'

/** What every SQLite file begins with. */
const databaseHeader = 'SQLite format 3\0'

/** Writes a file, over what was there unless that is a database: a slip must not cost the studies in it. Throws CLI_USAGE and CLI_OUTPUT. */
export async function writeOutput(file: string, text: string): Promise<void> {
  try {
    if (await isDatabase(file)) throw new AttuneError('CLI_USAGE', `${file} is a database, and would be overwritten: give --output another name.`, { details: { file } })
    await writeFile(file, text)
  } catch (cause) {
    if (isAttuneError(cause)) throw cause
    throw new AttuneError('CLI_OUTPUT', `${file} cannot be written: ${describe(cause)}. Choose a folder that exists and that you may write to.`, { cause, details: { file } })
  }
}

async function isDatabase(path: string): Promise<boolean> {
  // What is not there is no database; a pipe or a device is not read, which could take for ever.
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(databaseHeader.length), 0, databaseHeader.length, 0)
    return buffer.toString('latin1', 0, bytesRead) === databaseHeader
  } finally {
    await file.close()
  }
}
