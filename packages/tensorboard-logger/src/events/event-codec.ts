import { tensorboard as proto } from '../../generated/proto.js'
import { invalidEvent } from './errors.ts'
import type { SummaryEvent, TensorBoardEvent } from './event.ts'
import { joinExact } from './exact-scalar.ts'
import { decodeValue, type KnownPlugins } from './value-decoder.ts'
import { encodeValue } from './value-encoder.ts'

const { Event } = proto
const { START } = proto.SessionLog.SessionStatus

/** What a writer can put into a file. */
export type WritableEvent = SummaryEvent | Extract<TensorBoardEvent, { readonly kind: 'version' | 'start' }>

/** The bytes of one event. Throws TENSORBOARD_INVALID for a step that is no integer, an empty tag, and what else TensorBoard could not read. */
export function encodeEvent(event: WritableEvent): Uint8Array {
  checkEvent(event)
  const wallTime = event.time / 1000
  switch (event.kind) {
    case 'version':
      return Event.encode({ wallTime, fileVersion: event.version, sourceMetadata: { writer: event.writer } }).finish()
    case 'start':
      return Event.encode({ wallTime, step: event.step, sessionLog: { status: START } }).finish()
    case 'summary': {
      const attuneMark = event.mark === undefined ? {} : { attuneMark: event.mark }
      return Event.encode({ wallTime, step: event.step, summary: { value: event.values.flatMap(encodeValue) }, ...attuneMark }).finish()
    }
  }
}

/** The event in these bytes. Throws what protobufjs throws if they are not a message. */
export function decodeEvent(bytes: Uint8Array, plugins: KnownPlugins = new Map()): TensorBoardEvent {
  const message = Event.decode(bytes)
  const time = message.wallTime * 1000
  const step = toNumber(message.step)
  const mark = toNumber(message.attuneMark)
  if (message.fileVersion != null) return { kind: 'version', time, version: message.fileVersion, writer: message.sourceMetadata?.writer ?? '' }
  if (Number.isSafeInteger(step)) {
    if (message.sessionLog?.status === START) return { kind: 'start', time, step }
    if (message.summary != null) {
      const values = joinExact((message.summary.value ?? []).map((value) => decodeValue(value, plugins)))
      return { kind: 'summary', time, step, values, ...(mark === 0 ? {} : { mark }) }
    }
  }
  return { kind: 'other', time, step, bytes: new Uint8Array(bytes) }
}

/** Where the package `long` is installed, protobufjs decodes 64-bit integers into its objects, whatever the types say; their texts are numbers. */
function toNumber(value: number): number {
  return Number(value)
}

/** Throws TENSORBOARD_INVALID for a step, mark or time that the format does not hold. */
export function checkEvent(event: WritableEvent): void {
  if (!Number.isFinite(event.time)) throw invalidEvent(`The time of a TensorBoard event is a finite number of milliseconds, not ${event.time}.`, { time: event.time })
  if ('step' in event && !Number.isSafeInteger(event.step)) throw invalidEvent(`A TensorBoard step is an integer within ±(2 ** 53 - 1), not ${event.step}.`, { step: event.step })
  if ('mark' in event && event.mark !== undefined && !Number.isSafeInteger(event.mark)) throw invalidEvent(`The mark of an event is an integer, not ${event.mark}.`, { mark: event.mark })
}
