import { stripVTControlCharacters } from 'node:util'

/** What was thrown, as a text for people. Anything can be thrown, also what is no error. */
export function describe(error: unknown): string {
  return stripVTControlCharacters(error instanceof Error ? error.message : String(error))
}
