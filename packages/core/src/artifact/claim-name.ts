import type { ArtifactClaim } from '../contracts/artifact.ts'
import { AttuneError } from '../errors.ts'

/** One text for a claim, which names files as well: nothing in it leads anywhere. Throws OPTION for other names than claims may have. */
export function claimName({ study, session }: ArtifactClaim): string {
  for (const part of [study, session]) {
    if (typeof part !== 'string' || !/^[a-z0-9-]{1,64}$/.test(part)) throw new AttuneError('OPTION', `A claim on an artefact is made of names of 1 to 64 lower-case letters, digits and hyphens, not ${JSON.stringify(part)}.`)
  }
  return `${study}.${session}`
}
