import { tfjsError } from './error.ts'

/** What a setting may be, and how to say so. */
export interface SettingRange {
  readonly holds: (value: unknown) => boolean
  /** As in "must be …". */
  readonly text: string
  readonly required?: boolean
}

export type SettingRanges = { readonly [setting: string]: SettingRange }

/** A finite number of which `holds` is true. */
export function numbers(text: string, holds: (value: number) => boolean): SettingRange {
  return { holds: (value) => typeof value === 'number' && Number.isFinite(value) && holds(value), text }
}

export const ABOVE_0: SettingRange = numbers('a number above 0', (value) => value > 0)
export const AT_LEAST_0: SettingRange = numbers('a number of at least 0', (value) => value >= 0)

/**
 * Checks a spec of `what` ("Optimizer"), whose `type` says which settings there are.
 * @throws AttuneError `TFJS_OPTION` for an unknown type, an unknown setting, or one missing or out of range. A setting that is undefined is left out.
 */
export function checkSettings(what: string, spec: unknown, types: { readonly [type: string]: SettingRanges }, hint = ''): void {
  if (typeof spec === 'string') throw settingError(what, `give an object, { type: ${JSON.stringify(spec)}, … }, got ${JSON.stringify(spec)}`)
  const { type, ...settings } = Object(spec) as { readonly [setting: string]: unknown }
  if (typeof type !== 'string' || !Object.hasOwn(types, type)) throw settingError(what, `type ${shown(type)} is not one of ${Object.keys(types).join(', ')}${hint}`)
  const ranges = types[type] as SettingRanges
  for (const [name, { required, text }] of Object.entries(ranges)) {
    if (required === true && settings[name] === undefined) throw settingError(what, `"${type}" needs the setting "${name}", ${text}`)
  }
  for (const [name, value] of Object.entries(settings)) {
    const range = Object.hasOwn(ranges, name) ? ranges[name] : undefined
    if (range === undefined) throw settingError(what, `"${type}" does not know the setting "${name}"; it has ${Object.keys(ranges).join(', ')}`)
    if (value !== undefined && !range.holds(value)) throw settingError(what, `${name} must be ${range.text}, got ${shown(value)}`)
  }
}

export function settingError(what: string, problem: string): Error {
  return tfjsError('TFJS_OPTION', `${what}: ${problem}.`)
}

/** A value in a message; JSON has no NaN. */
export function shown(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value)
}
