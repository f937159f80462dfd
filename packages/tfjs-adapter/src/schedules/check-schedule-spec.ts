import { ABOVE_0, AT_LEAST_0, checkSettings, numbers, settingError, type SettingRange, type SettingRanges } from '../setting-range.ts'
import type { ScheduleName, ScheduleSpec } from './schedule-spec.ts'

const oneOfThese = (...values: readonly string[]): SettingRange => ({ holds: (value) => values.includes(value as string), text: values.map((value) => `'${value}'`).join(' or ') })

const SHARE = numbers('a number from 0 to 1', (value) => value >= 0 && value <= 1)
const FACTOR = numbers('a number above 0 and at most 1', (value) => value > 0 && value <= 1)
const COUNT = numbers('a whole number of at least 0', (value) => Number.isSafeInteger(value) && value >= 0)
const AT_LEAST_1 = numbers('a number of at least 1', (value) => value >= 1)
const SPAN: SettingRange = { holds: isSpan, text: '{ steps }, a whole number of at least 0, { epochs }, a number of at least 0, or { share }, from 0 to 1' }
const STRETCH: SettingRange = { holds: (value) => isSpan(value) && Object.values(value as object).every((length) => length > 0), text: '{ steps }, a whole number above 0, { epochs }, a number above 0, or { share }, above 0 and at most 1' }

const WARMED = { warmup: SPAN, by: oneOfThese('step', 'epoch') }
const SETTINGS: { readonly [type in ScheduleName]: SettingRanges } = {
  constant: WARMED,
  step: { ...WARMED, factor: FACTOR, every: { ...STRETCH, required: true } },
  exponential: { ...WARMED, factor: { ...FACTOR, required: true }, every: STRETCH },
  polynomial: { ...WARMED, power: ABOVE_0, floor: SHARE },
  cosine: { ...WARMED, floor: SHARE },
  cosineRestarts: { ...WARMED, period: { ...STRETCH, required: true }, growth: AT_LEAST_1, floor: SHARE },
  oneCycle: { by: WARMED.by, peakAt: SHARE, startDivisor: AT_LEAST_1, endDivisor: AT_LEAST_1, shape: oneOfThese('cosine', 'linear') },
  sweep: { from: { ...ABOVE_0, required: true }, to: { ...ABOVE_0, required: true }, steps: { ...numbers('a whole number of at least 2', (value) => Number.isSafeInteger(value) && value >= 2), required: true } },
  plateau: {
    ...WARMED, metric: { holds: (value) => typeof value === 'string' && value !== '', text: 'the name of a metric' }, direction: oneOfThese('minimize', 'maximize'),
    factor: numbers('a number above 0 and below 1', (value) => value > 0 && value < 1), patience: numbers('a whole number of at least 1', (value) => Number.isSafeInteger(value) && value >= 1), minDelta: AT_LEAST_0, cooldown: COUNT, minRate: AT_LEAST_0,
  },
}

/** @throws AttuneError `TFJS_OPTION` for an unknown type, an unknown setting, or one missing or out of range. */
export function checkScheduleSpec(spec: ScheduleSpec): void {
  checkSettings('Schedule', spec, SETTINGS)
}

export function scheduleError(problem: string): Error {
  return settingError('Schedule', problem)
}

function isSpan(value: unknown): boolean {
  const [[unit, length] = [], ...others] = Object.entries(Object(value) as { readonly [unit: string]: unknown })
  if (others.length > 0 || typeof length !== 'number' || !Number.isFinite(length) || length < 0) return false
  return unit === 'epochs' || (unit === 'steps' && Number.isSafeInteger(length)) || (unit === 'share' && length <= 1)
}
