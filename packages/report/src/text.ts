import type { Scalar } from '@attune/core'

/** A number for people: at most five significant digits, powers of ten beyond a million and below a ten-thousandth. */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞'
  const size = Math.abs(value)
  const digits = size !== 0 && (size < 1e-4 || size >= 1e6) ? exponential(value) : String(Number(value.toPrecision(size >= 10_000 ? 7 : 5)))
  return digits.replaceAll('-', '−')
}

function exponential(value: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(3).split('e')
  return `${Number(mantissa)}e${exponent.replace('+', '')}`
}

/** A parameter value for people. */
export function formatScalar(value: Scalar): string {
  return typeof value === 'number' ? formatNumber(value) : String(value)
}

/** A duration for people, from milliseconds. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`
  if (milliseconds < 59_950) return `${(milliseconds / 1000).toFixed(1)} s`
  const seconds = Math.round(milliseconds / 1000)
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}

/** `one trial`, `3 trials`. */
export function count(number: number, noun: string): string {
  return number === 1 ? `1 ${noun}` : `${number} ${noun}s`
}

/** Every number as it is, readable by `Number`: NaN, ±Infinity and −0 included. */
export function exactNumber(value: number): string {
  return Object.is(value, -0) ? '-0' : String(value)
}

/** Cuts a text to `length` characters, with an ellipsis in the middle: ends of paths tell more than their middles. */
export function abridge(text: string, length: number): string {
  const characters = [...text]
  if (characters.length <= length) return text
  const head = Math.ceil((length - 1) / 3)
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - (length - 1 - head)).join('')}`
}
