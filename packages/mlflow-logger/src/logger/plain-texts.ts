import { encodeKey } from '../client/names.ts'
import type { Texts } from '../client/types.ts'

const longestName = 250
const longestExperimentName = 500
/** What every server takes as the value of a tag when a run is made. */
const longestTag = 5000

/** A name of a run as MLflow keeps it: without characters that it does not, and not too long. */
export function runName(name: string): string {
  return shortened(storable(name), longestName)
}

/** As `runName`, of an experiment. */
export function experimentName(name: string): string {
  return shortened(storable(name), longestExperimentName)
}

/** Tags that can be given when a run is made, and those that have to be logged afterwards, which cuts and renames them. */
export function splitTags(tags: Texts): { readonly first: Texts; readonly later: Texts } {
  const entries = Object.entries(tags).map(([key, value]) => [key, value, encodeKey(key) === key && String(value).length <= longestTag && isStorable(String(value))] as const)
  const those = (first: boolean): Texts => Object.fromEntries(entries.filter(([, , is]) => is === first).map(([key, value]) => [key, value]))
  return { first: those(true), later: those(false) }
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0')
}

function storable(text: string): string {
  const kept = text.toWellFormed().replaceAll('\0', '\u{FFFD}')
  return kept.trim() === '' ? 'unnamed' : kept
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1).toWellFormed().replace(/\u{FFFD}$/u, '')}…`
}
