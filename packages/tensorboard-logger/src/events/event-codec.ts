import { tensorboard as proto } from '../../generated/proto.js'
import { invalidEvent } from './errors.ts'
import type { TensorBoardEvent, SummaryEvent } from './event.ts'
import { decodeValue, type KnownPlugins } from './value-decoder.ts'
import { encodeValue } from './value-encoder.ts'

const { Event } = proto
const { START } = proto.SessionLog.SessionStatus

/** What a writer can put into a file. */
export type WritableEvent = SummaryEvent | Extract<TensorBoardEvent, { readonly kind: 'version' | 'start' }>

/** The bytes of one event. Throws TENSORBOARD_INVALID for a step that is no integer, an empty tag, and what else TensorBoard could not read. */
export function encodeEvent(event: WritableEvent): Uint8Array {
  const wallTime = event.time / 1000
  switch (event.kind) {
    case 'version':
      return Event.encode({ wallTime, fileVersion: event.version, sourceMetadata: { writer: event.writer } }).finish()
    case 'start':
      return Event.encode({ wallTime, step: checkedStep(event.step), sessionLog: { status: START } }).finish()
    case 'summary': {
      const attuneMark = event.mark === undefined ? {} : { attuneMark: event.mark }
      return Event.encode({ wallTime, step: checkedStep(event.step), summary: { value: event.values.map(encodeValue) }, ...attuneMark }).finish()
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
      const values = (message.summary.value ?? []).map((value) => decodeValue(value, plugins))
      return { kind: 'summary', time, step, values, ...(mark === 0 ? {} : { mark }) }
    }
  }
  return { kind: 'other', time, step, bytes: new Uint8Array(bytes) }
}

/** Where the package `long` is installed, protobufjs decodes 64-bit integers into its objects, whatever the types say. */
function toNumber(value: number): number {
  return Number(value.toString())
}

export function checkedStep(step: number): number {
  if (!Number.isSafeInteger(step)) throw invalidEvent(`A TensorBoard step is an integer within ±(2 ** 53 - 1), not ${step}.`, { step })
  return step
}
