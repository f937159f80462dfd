import { styleText } from 'node:util'

/** Where progress is written: `process.stderr`, or anything alike. */
export interface ProgressStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean | undefined
  /** Width in characters. */
  readonly columns?: number | undefined
  readonly rows?: number | undefined
}

/** Environment variables, as in `process.env`. */
export type Environment = { readonly [name: string]: string | undefined }

/** True where lines can be written over: a terminal that is not dumb, and not the log of a build server. */
export function isLive(stream: ProgressStream, environment: Environment): boolean {
  return stream.isTTY === true && environment['TERM'] !== 'dumb' && !isSet(environment['CI'])
}

/** True where colours are wanted: FORCE_COLOR decides, then NO_COLOR, then whether it is a terminal. */
export function hasColour(stream: ProgressStream, environment: Environment): boolean {
  const force = environment['FORCE_COLOR']
  if (force !== undefined) return force !== '0' && force !== 'false'
  if (environment['NO_COLOR'] !== undefined && environment['NO_COLOR'] !== '') return false
  return stream.isTTY === true && environment['TERM'] !== 'dumb'
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value !== '0' && value !== 'false'
}

/** The few styles that progress uses; each answers its text unchanged where colours are not wanted. */
export interface Styles {
  strong(text: string): string
  faint(text: string): string
  good(text: string): string
  bad(text: string): string
  warn(text: string): string
  accent(text: string): string
}

export function stylesFor(colour: boolean): Styles {
  // The decision was made above, so the stream is not asked again.
  const style = (format: Parameters<typeof styleText>[0]) => (text: string): string => (colour && text !== '' ? styleText(format, text, { validateStream: false }) : text)
  return { strong: style('bold'), faint: style('dim'), good: style('green'), bad: style('red'), warn: style('yellow'), accent: style('cyan') }
}
