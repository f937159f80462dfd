import { AttuneError } from '../../errors.ts'
import { show } from '../../space/show.ts'

/** Names that Windows takes for devices, also with an ending. */
const devices = /^(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|$)/i

/**
 * A name that a person gives an artefact. Our stores go by hashes alone; trackers make files of names, so it is one that is safe
 * as a file everywhere. Throws ARTIFACT_NAME.
 */
export function checkArtifactName(name: unknown): string {
  if (typeof name === 'string' && /^[A-Za-z0-9_][A-Za-z0-9 ._+-]{0,99}$/.test(name) && !/[. ]$/.test(name) && !devices.test(name) && !['__proto__', 'prototype', 'constructor'].includes(name)) return name
  throw new AttuneError('ARTIFACT_NAME', `An artefact cannot be named ${show(name)}: use 1 to 100 letters, digits, spaces and . _ + -, beginning with a letter, digit or underscore, as in "confusion-matrix.png".`, { details: { name } })
}
