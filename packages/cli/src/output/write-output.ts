import { writeFile } from 'node:fs/promises'
import { AttuneError } from '@attune/core'
import { describe } from '../describe-error.ts'

/** Writes a file, over what was there. Throws CLI_OUTPUT. */
export async function writeOutput(file: string, text: string): Promise<void> {
  try {
    await writeFile(file, text)
  } catch (cause) {
    throw new AttuneError('CLI_OUTPUT', `${file} cannot be written: ${describe(cause)}. Choose a folder that exists and that you may write to.`, { cause, details: { file } })
  }
}
