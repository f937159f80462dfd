import { AttuneError, type ChangeBody, decodeJson, encodeJson, type Json, type StudyDefinition } from '@attune/core'
import { type Check, count, json, listOf, mapOf, nullable, number, oneOfTexts, scalar, shape, tagged, text } from './check.ts'

/** Longest text of one record, in UTF-16 units: what is larger belongs into the artefact store. */
export const largestRecord: number = 16 * 2 ** 20

const params = mapOf(scalar)
const metrics = mapOf(number)
const failure = shape({ reason: oneOfTexts('error', 'timeout', 'out-of-memory', 'invalid-metric', 'aborted', 'lost', 'crashed'), message: text }, { stack: text })
const ended = shape({ metrics })
const outcome = tagged('state', { complete: ended, pruned: ended, failed: shape({ failure }, { metrics }) })
const explanation = shape({ model: text, why: text }, { predicted: listOf(shape({ metric: text, mean: number, deviation: number })) })
const suggestion = shape({ sampler: text, revision: count, running: listOf(count) }, { explanation, note: json })
const artifact = shape({ hash: text, size: count, kind: text }, { meta: json })
const voided = shape({ void: text })
const corrected = shape({ metrics, note: text })
const restored = shape({ restore: text })
const added = shape({ add: metrics }, { note: text })
const amendment: Check = (value, path) => {
  const has = (key: string): boolean => typeof value === 'object' && value !== null && key in value
  return (has('void') ? voided : has('restore') ? restored : has('add') ? added : corrected)(value, path)
}
const from = shape({ id: text, name: text })

const bodies: { readonly [type in ChangeBody['type']]: Check } = {
  create: shape(
    { number: count, origin: oneOfTexts('sampler', 'enqueued', 'added', 'fork', 'replicate') },
    { params, suggestion, parent: count, checkpoint: shape({ step: number, artifact }), toStep: number, attributes: mapOf(json), owner: text, outcome },
  ),
  assign: shape({ number: count, params }, { suggestion }),
  claim: shape({ number: count, owner: text, attempt: count }, { toStep: number }),
  report: shape({ number: count, step: number, metrics }),
  checkpoint: shape({ number: count, step: number, artifact: nullable(artifact) }),
  pause: shape({ number: count }),
  finish: shape({ number: count, outcome }, { params, requeue: (value, path) => (typeof value === 'boolean' ? undefined : `${path}: expected true or false`) }),
  requeue: shape({ number: count, failure }),
  attribute: shape({ key: text, value: json }, { number: count }),
  artifact: shape({ name: text, artifact: nullable(artifact) }, { number: count }),
  amend: shape({ number: count, amendment, by: text }),
  rename: shape({ before: text, name: text, by: text }, { note: text }),
  revise: shape({ from: text, space: json, fingerprint: text, values: params, by: text }, { note: text }),
  merge: shape({ from, trials: count, by: text }, { note: text }),
  copying: shape({ as: text, phase: oneOfTexts('begins', 'ends') }),
  copied: shape({ from, name: text, by: text }),
  extend: shape({ path: text, leaf: json }),
  warn: shape({ source: text, message: text }, { number: count }),
  remark: shape({ source: text, message: text }),
  session: shape({ owner: text, phase: oneOfTexts('opened', 'resumed', 'started', 'stopped', 'declined', 'closed') }, { session: text, loggers: listOf(text), sampler: text, pruner: text, goal: count, reason: text }),
}
const body = tagged('type', bodies)

const definition = shape({
  name: text,
  space: json,
  fingerprint: nullable(text),
  objectives: listOf(shape({ metric: text, direction: oneOfTexts('minimize', 'maximize'), from: oneOfTexts('last', 'best') })),
  constraints: listOf(shape({ metric: text, bound: oneOfTexts('atMost', 'atLeast'), limit: number })),
  metrics: nullable(listOf(text)),
  seed: number,
})

function checked(check: Check, value: unknown, what: string): void {
  const wrong = check(value, what)
  if (wrong !== undefined) throw new AttuneError('MALFORMED_DATA', `${wrong}.`)
}

function decodeRecord(stored: string, check: Check, what: string): Json {
  if (stored.length > largestRecord) throw new AttuneError('MALFORMED_DATA', `${what} has ${stored.length} characters, more than the ${largestRecord} that are allowed: keep large data as an artefact.`)
  const value = decodeJson(stored)
  checked(check, value, what)
  return value
}

function encodeRecord(value: object, what: string): string {
  try {
    return encodeJson(value as Json)
  } catch (cause) {
    throw new AttuneError('MALFORMED_DATA', `${what} cannot be stored as JSON: keep to texts, numbers, booleans, null, lists and plain objects.`, { cause })
  }
}

export function encodeChange(value: ChangeBody): string {
  return encodeRecord(value, 'change')
}

/** The body as it was written. Throws MALFORMED_DATA if the text is not one. */
export function decodeChange(stored: string): ChangeBody {
  return decodeRecord(stored, body, 'change') as ChangeBody
}

export function encodeDefinition(value: StudyDefinition): string {
  return encodeRecord(value, 'definition')
}

/** The definition as it was written. Throws MALFORMED_DATA if the text is not one. */
export function decodeDefinition(stored: string): StudyDefinition {
  return decodeRecord(stored, definition, 'definition') as unknown as StudyDefinition
}
