import protobuf from 'protobufjs/minimal.js'
import { OnnxFormatError } from './error.ts'

/**
 * What a model may cost to read. Nesting is limited to 100 messages in any case (30 levels of subgraphs).
 * Small messages grow about a hundredfold when they become objects, so the part that is not weights has a limit of its own.
 */
export interface ReadLimits {
  /** Bytes of the whole file; default 2 GiB, the most that protobuf can hold. */
  readonly maxBytes?: number
  /**
   * Bytes of everything but the values of the main graph's initialisers; default 64 MiB. Values in `int64_data` and
   * `uint64_data` count, since each may be one byte in the file and an object in memory; weights lie in `raw_data` or `float_data`.
   */
  readonly maxStructureBytes?: number
  /** Nodes and initialisers of the main graph together; default 1,000,000. */
  readonly maxEntries?: number
}

/** Field numbers in onnx.proto. */
const MODEL_GRAPH = 7
const GRAPH_NODE = 1
const GRAPH_INITIALIZER = 5
/** float_data, int32_data, raw_data, double_data: what becomes numbers or bytes. */
const TENSOR_DATA = new Set([4, 5, 9, 10])

const LENGTH_DELIMITED = 2

/**
 * Checks the limits by walking the wire format, before one object is built.
 * @throws OnnxFormatError `ONNX_TOO_LARGE`; plain errors on malformed bytes.
 */
export function checkLimits(bytes: Uint8Array, limits: ReadLimits): void {
  const maxBytes = limits.maxBytes ?? 2 ** 31
  const maxStructureBytes = limits.maxStructureBytes ?? 64 * 2 ** 20
  const maxEntries = limits.maxEntries ?? 1_000_000
  const refuse = (what: string, limit: number, option: string): void => {
    throw new OnnxFormatError('ONNX_TOO_LARGE', `The model has ${what}, more than the limit of ${limit}; raise "${option}" if you trust its origin.`)
  }
  if (bytes.length > maxBytes) refuse(`${bytes.length} bytes`, maxBytes, 'maxBytes')

  let weightBytes = 0
  let entries = 0
  const reader = protobuf.Reader.create(bytes)
  walk(reader, reader.len, (modelField, modelEnd) => {
    if (modelField !== MODEL_GRAPH) return
    walk(reader, modelEnd, (graphField, graphEnd) => {
      if (graphField !== GRAPH_NODE && graphField !== GRAPH_INITIALIZER) return
      if (++entries > maxEntries) refuse(`more nodes and initialisers than can be read`, maxEntries, 'maxEntries')
      if (graphField !== GRAPH_INITIALIZER) return
      walk(reader, graphEnd, (tensorField, tensorEnd) => {
        if (TENSOR_DATA.has(tensorField)) weightBytes += tensorEnd - reader.pos
      })
    })
  })
  if (bytes.length - weightBytes > maxStructureBytes) refuse(`${bytes.length - weightBytes} bytes beside its weights`, maxStructureBytes, 'maxStructureBytes')
}

/** Calls `visit` with number and end of each length-delimited field up to `end`; whatever it leaves unread is skipped. */
function walk(reader: protobuf.Reader, end: number, visit: (field: number, end: number) => void): void {
  while (reader.pos < end) {
    const tag = reader.uint32()
    if ((tag & 7) !== LENGTH_DELIMITED) {
      reader.skipType(tag & 7)
      continue
    }
    const length = reader.uint32()
    const fieldEnd = reader.pos + length
    if (fieldEnd > end) throw new RangeError('a field is longer than the message that holds it')
    visit(tag >>> 3, fieldEnd)
    reader.pos = fieldEnd
  }
}
