import { stripVTControlCharacters } from 'node:util'
import type { Failure, FlatParams, Scalar } from '@attune/core'
import stringWidth from 'string-width'

/** A text from elsewhere on one line, without anything that a terminal would obey. */
export function plain(text: string): string {
  return stripVTControlCharacters(text.toWellFormed())
    .replaceAll(/\s+/g, ' ')
    // oxlint-disable-next-line no-control-regex -- they are what is looked for
    .replaceAll(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')
    .trim()
}

const segmenter = /* @__PURE__ */ new Intl.Segmenter()

/** Cuts a plain text to a width in terminal columns, with an ellipsis. */
export function fit(text: string, columns: number): string {
  if (stringWidth(text) <= columns) return text
  if (columns < 1) return ''
  let cut = ''
  let used = 1
  for (const { segment } of segmenter.segment(text)) {
    used += stringWidth(segment)
    if (used > columns) break
    cut += segment
  }
  return `${cut.trimEnd()}…`
}

/** A number in at most five significant digits. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value)
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [mantissa = '', exponent = ''] = value.toExponential(3).split('e')
    return `${Number(mantissa)}e${exponent.replace('+', '')}`
  }
  return String(Number(value.toPrecision(size >= 10_000 ? 7 : 5)))
}

export function formatScalar(value: Scalar): string {
  return typeof value === 'number' ? formatNumber(value) : plain(String(value))
}

/** `learningRate=0.01 optimizer.type=adam`. */
export function formatParams(params: FlatParams): string {
  return Object.entries(params).map(([path, value]) => `${plain(path)}=${formatScalar(value)}`).join(' ')
}

/** `4.2s`, `1:05`, `2:03:09`, from milliseconds. */
export function formatTime(milliseconds: number): string {
  if (milliseconds < 9950) return `${(Math.max(0, milliseconds) / 1000).toFixed(1)}s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 60) return `${seconds}s`
  const two = (number: number): string => String(number).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  return minutes < 60 ? `${minutes}:${two(seconds % 60)}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(seconds % 60)}`
}

const longestMessage = 200
/** A warning ends with what to do, after what a server or system has said. */
const longestWarning = 1000

/** A message from elsewhere, on one line and not endless. */
export function short(message: string, longest: number = longestMessage): string {
  const text = plain(message)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** `out-of-memory: …`; an error names itself. */
export function describeFailure({ reason, message }: Pick<Failure, 'reason' | 'message'>): string {
  const text = short(message)
  return text === '' ? reason : reason === 'error' ? text : `${reason}: ${text}`
}

/** `tfjs: trial 3: leaked 3 tensors`. */
export function warningText({ source, message, number, times = 1 }: { readonly source: string; readonly message: string; readonly number?: number | undefined; readonly times?: number }): string {
  const trial = number === undefined || times > 1 ? '' : `trial ${number}: `
  const by = source === 'trial' && trial !== '' ? '' : `${plain(source)}: `
  return `${by}${trial}${short(message, longestWarning)}${times > 1 ? ` (${times} times)` : ''}`
}

/** `1 trial`, `3 trials`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
