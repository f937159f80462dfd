/**
 * What a study's process and the thread or child process that runs a trial tell each other. Both sides check the form of what
 * they receive. Numbers cross by structured clone, so NaN, infinities and −0 arrive as they were.
 */

/** A trial to run, and the code that runs it. It begins with the first `next`. */
export interface RunRequest {
  readonly type: 'run'
  /** Counts the trials of one child: what belongs to an earlier one is ignored. */
  readonly run: number
  readonly module: { readonly url: string; readonly name: string }
  readonly study: string | undefined
  readonly number: number
  readonly attempt: number
  readonly params: unknown
  readonly seed: number
  readonly toStep: number | undefined
  readonly resumeFrom: { readonly step: number; readonly bytes: Uint8Array } | undefined
}

/** To the child. `begin` is the first message; `stop` ends a training that waits after a report, `end` frees its artefact. */
export type Request =
  | { readonly type: 'begin'; readonly roots: readonly string[]; readonly maxBytes: number }
  | RunRequest
  | { readonly type: 'next' | 'stop' | 'end'; readonly run: number }
  | { readonly type: 'abort'; readonly run: number; readonly reason: string }
  | { readonly type: 'checkpoint'; readonly run: number; readonly id: number }
  | { readonly type: 'bytes'; readonly run: number; readonly id: number; readonly artifact: number }
  | { readonly type: 'as'; readonly run: number; readonly id: number; readonly artifact: number; readonly kind: string }
  /** The answer to `attribute` and `attach`. */
  | { readonly type: 'kept'; readonly run: number; readonly id: number; readonly error: WireError | undefined }
  | { readonly type: 'close' }

/** An error as it crosses; `thrown` is the text of something that was thrown and is no Error. */
export interface WireError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: string | undefined
  /** True for an error of ours. */
  readonly ours: boolean
  readonly thrown: boolean
}

export interface WireArtifact {
  readonly index: number
  readonly kind: string
  readonly meta: unknown
}

export type WireResult =
  | { readonly type: 'nothing' }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'metrics'; readonly metrics: WireMetrics }
  | { readonly type: 'artifact'; readonly artifact: WireArtifact }

export type WireMetrics = readonly (readonly [name: string, value: number])[]

/** From the child. */
export type Response =
  | { readonly type: 'report'; readonly run: number; readonly step: number; readonly metrics: WireMetrics; readonly checkpoint: boolean }
  | { readonly type: 'done'; readonly run: number; readonly result: WireResult }
  | { readonly type: 'failed'; readonly run: number; readonly error: WireError }
  | { readonly type: 'warn'; readonly run: number; readonly message: string }
  | { readonly type: 'attribute'; readonly run: number; readonly id: number; readonly key: string; readonly value: unknown }
  | { readonly type: 'attach'; readonly run: number; readonly id: number; readonly name: string; readonly bytes: Uint8Array; readonly kind: string | undefined; readonly meta: unknown }
  | { readonly type: 'answer'; readonly run: number; readonly id: number; readonly value: Uint8Array | WireArtifact }
  | { readonly type: 'refused'; readonly run: number; readonly id: number; readonly error: WireError }
  | { readonly type: 'ended'; readonly run: number }

/** Characters of a text that crosses; longer ones are cut before they are sent. */
const longestText = 100_000
const mostMetrics = 10_000

/** A text that is short enough to cross. */
export function cut(text: string): string {
  return text.length <= longestText ? text : text.slice(0, longestText)
}

/** The request in a message, or undefined if it is none. */
export function parseRequest(message: unknown): Request | undefined {
  if (!isRecord(message)) return undefined
  const { type } = message
  if (type === 'close') return message as Request
  if (type === 'begin') return Array.isArray(message['roots']) && message['roots'].every(isText) && isCount(message['maxBytes']) ? (message as Request) : undefined
  if (!isCount(message['run'])) return undefined
  const valid =
    type === 'next' ||
    type === 'stop' ||
    type === 'end' ||
    (type === 'abort' && isText(message['reason'])) ||
    (type === 'run' && isRun(message)) ||
    (isCount(message['id']) &&
      (type === 'checkpoint' ||
        (type === 'bytes' && isCount(message['artifact'])) ||
        (type === 'as' && isCount(message['artifact']) && isText(message['kind'])) ||
        (type === 'kept' && (message['error'] === undefined || isError(message['error'])))))
  return valid ? (message as unknown as Request) : undefined
}

/** The response in a message, or undefined if it is none. */
export function parseResponse(message: unknown): Response | undefined {
  if (!isRecord(message) || !isCount(message['run'])) return undefined
  const { type, value } = message
  const valid =
    type === 'ended' ||
    (type === 'report' && typeof message['step'] === 'number' && areMetrics(message['metrics']) && typeof message['checkpoint'] === 'boolean') ||
    (type === 'done' && isResult(message['result'])) ||
    (type === 'failed' && isError(message['error'])) ||
    (type === 'warn' && isText(message['message'])) ||
    (isCount(message['id']) &&
      ((type === 'attribute' && isText(message['key'])) ||
        (type === 'attach' && isText(message['name']) && message['bytes'] instanceof Uint8Array && (message['kind'] === undefined || isText(message['kind']))) ||
        (type === 'answer' && (value instanceof Uint8Array || isArtifact(value))) || (type === 'refused' && isError(message['error']))))
  return valid ? (message as unknown as Response) : undefined
}

function isRun(message: { readonly [key: string]: unknown }): boolean {
  const { module, resumeFrom, study, toStep } = message
  return (
    isRecord(module) && isText(module['url']) && isText(module['name']) && (study === undefined || isText(study)) &&
    isCount(message['number']) && isCount(message['attempt']) && typeof message['seed'] === 'number' &&
    (toStep === undefined || typeof toStep === 'number') &&
    (resumeFrom === undefined || (isRecord(resumeFrom) && typeof resumeFrom['step'] === 'number' && resumeFrom['bytes'] instanceof Uint8Array))
  )
}

function isResult(result: unknown): boolean {
  if (!isRecord(result)) return false
  switch (result['type']) {
    case 'nothing':
      return true
    case 'number':
      return typeof result['value'] === 'number'
    case 'metrics':
      return areMetrics(result['metrics'])
    default:
      return result['type'] === 'artifact' && isArtifact(result['artifact'])
  }
}

function areMetrics(value: unknown): boolean {
  return Array.isArray(value) && value.length <= mostMetrics && value.every((entry: unknown) => Array.isArray(entry) && entry.length === 2 && isText(entry[0]) && typeof entry[1] === 'number')
}

function isArtifact(value: unknown): boolean {
  return isRecord(value) && isCount(value['index']) && isText(value['kind'])
}

function isError(value: unknown): boolean {
  if (!isRecord(value)) return false
  const optional = (item: unknown): boolean => item === undefined || isText(item)
  return isText(value['name']) && isText(value['message']) && optional(value['stack']) && optional(value['code']) && typeof value['ours'] === 'boolean' && typeof value['thrown'] === 'boolean'
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= longestText
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
