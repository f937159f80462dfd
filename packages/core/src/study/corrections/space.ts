import type { FlatParams } from '../../contracts/values.ts'
import { AttuneError } from '../../errors.ts'
import { extensionOf, type Extension } from '../../space/extension.ts'
import type { Space } from '../../space/space.ts'
import { signed, type CorrectionOptions } from './corrections.ts'
import { refused, type StudyAccess } from '../study-access.ts'

/** How a study gets a larger space. */
export interface ExtendOptions extends CorrectionOptions {
  /** What the trials so far have for new parameters, by path: `{ dropout: 0, 'layers.*.dropout': 0 }`. */
  readonly values?: FlatParams
  readonly note?: string
}

/** Makes the space of the study the given one. Throws NOT_EXTENSION and OPTION. */
export async function extendSpace(access: StudyAccess, owner: string, space: Space<unknown>, options: ExtendOptions): Promise<void> {
  const signature = signed(owner, options)
  const { fingerprint } = space
  for (;;) {
    await access.sync()
    const { definition, space: before } = access.history
    if (definition.fingerprint === null) throw new AttuneError('NOT_EXTENSION', `The space of study "${definition.name}" is defined by running: it grows when a trial meets a parameter, and cannot be replaced.`)
    if (definition.fingerprint === fingerprint) return
    const extension = extensionOf(before, space, options.values ?? {})
    if (extension.problems.length > 0 || extension.needed.length > 0) throw notExtension(definition.name, extension)
    access.known.add(fingerprint)
    const result = await access.write([{ type: 'revise', from: definition.fingerprint, space: space.toJSON(), fingerprint, values: extension.values, ...signature }])
    if (result.ok) return
    if (result.refusal.reason !== 'state') throw refused(result.refusal) // Else somebody else was quicker: look at what the space is now.
  }
}

function notExtension(name: string, { problems, needed }: Extension): AttuneError {
  const details = { details: { problems, needed } }
  if (problems.length > 0) return new AttuneError('NOT_EXTENSION', `The space of study "${name}" can only be extended, so that every trial so far has its place in it:\n${lines(problems)}\nGive a space that has all the values of the one before, or make a new study.`, details)
  return new AttuneError('NOT_EXTENSION', `Trials of study "${name}" lack parameters of the new space:\n${lines(needed)}\nSay what they had, as in values: { '${needed[0]!.split(',')[0]}': … }.`, details)
}

export function lines(messages: readonly string[]): string {
  return messages.map((message) => `  ${message}`).join('\n')
}
