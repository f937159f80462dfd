import { join } from 'node:path'
import { isAttuneError } from '@attune/core'
import { cursorName, readCursor, type Cursor } from './cursor-file.ts'

/** What a user should know of the other studies in a log directory; empty if they do not disturb. `own` is the folder of this study. */
export async function warningsOfOthers(logDir: string, folders: readonly string[], own: string, { study, columns }: Cursor): Promise<readonly string[]> {
  const others: { readonly folder: string; readonly cursor: Cursor }[] = []
  for (const folder of folders) {
    if (folder === own) continue
    const cursor = await readCursor(join(logDir, folder, cursorName)).catch((error: unknown) => {
      if (isAttuneError(error)) return undefined // it is another study's matter that its folder cannot be read
      throw error
    })
    if (cursor !== undefined) others.push({ folder, cursor })
  }
  const namesakes = others.filter((other) => other.cursor.study === study)
  const different = others.filter((other) => other.cursor.columns !== columns)
  const list = (of: typeof others): string => of.slice(0, 3).map(({ folder }) => `"${folder}"`).join(', ') + (of.length > 3 ? ` and ${of.length - 3} more` : '')
  return [
    ...(namesakes.length === 0 ? [] : [`"${logDir}" holds another study named "${study}", in ${list(namesakes)}. This one is in "${own}".`]),
    ...(different.length === 0 ? [] : [`"${logDir}" holds studies with other parameters or metrics, too: ${list(different)}. TensorBoard's HParams tab has the columns of one study. To see this one, start it on the folder of the study: tensorboard --logdir "${join(logDir, own)}"`]),
  ]
}
