import { decodeJson, encodeJson, type Json } from '@attune/core'
import { messageOf, tfjsError } from '../error.ts'
import type { WeightSpec } from '../tensorflow.ts'
import { crc32 } from './crc32.ts'

/**
 * The bytes of a saved model or checkpoint:
 *
 *     0   8  the letters ATTUNETF
 *     8   4  format version, 1 (all numbers little-endian, unsigned)
 *    12   4  length of the header
 *    16   …  header in UTF-8, as `encodeJson` of @attune/core writes it: { kind, weightSpecs, …the fields of the kind }
 *     …   …  weights, as in the weights.bin of TensorFlow.js, in the order of weightSpecs
 *   end   4  CRC-32 of everything before
 */
export interface PackedFile {
  readonly kind: 'model' | 'checkpoint' | 'weights'
  readonly header: { readonly [key: string]: Json }
  readonly weightSpecs: readonly WeightSpec[]
  readonly weightData: ArrayBuffer
}

const MAGIC = 'ATTUNETF'
const VERSION = 1
const PROLOGUE = 16
const TRAILER = 4
const MAX_HEADER = 64 * 2 ** 20
const BYTES_PER_ELEMENT: { readonly [dtype: string]: number } = { float32: 4, int32: 4, bool: 1 }

export function writePackedFile(file: PackedFile): Uint8Array {
  const header = new TextEncoder().encode(encodeJson({ ...file.header, kind: file.kind, weightSpecs: file.weightSpecs.map(({ name, shape, dtype }) => ({ name, shape, dtype })) }))
  const bytes = new Uint8Array(PROLOGUE + header.length + file.weightData.byteLength + TRAILER)
  const view = new DataView(bytes.buffer)
  bytes.set(new TextEncoder().encode(MAGIC))
  view.setUint32(8, VERSION, true)
  view.setUint32(12, header.length, true)
  bytes.set(header, PROLOGUE)
  bytes.set(new Uint8Array(file.weightData), PROLOGUE + header.length)
  view.setUint32(bytes.length - TRAILER, crc32(bytes.subarray(0, -TRAILER)), true)
  return bytes
}

/** @throws AttuneError `TFJS_FORMAT` for anything that is not a whole file of this kind, or of one of these. */
export function readPackedFile(bytes: Uint8Array, wanted: PackedFile['kind'] | readonly PackedFile['kind'][]): PackedFile {
  const kinds: readonly PackedFile['kind'][] = [wanted].flat()
  const kind = kinds[0] as string
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < PROLOGUE + TRAILER || new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    throw formatError(kind, `these ${bytes.length} bytes do not begin with ${MAGIC}: they come from something else`)
  }
  const version = view.getUint32(8, true)
  if (version > VERSION) throw formatError(kind, `it has format version ${version} and this package knows up to ${VERSION}: update @attune/tfjs-adapter`)
  if (version !== VERSION || view.getUint32(bytes.length - TRAILER, true) !== crc32(bytes.subarray(0, -TRAILER))) {
    throw formatError(kind, 'its checksum is wrong: the bytes were cut or changed')
  }
  const headerEnd = PROLOGUE + view.getUint32(12, true)
  if (headerEnd > bytes.length - TRAILER || headerEnd - PROLOGUE > MAX_HEADER) throw formatError(kind, 'its header is longer than it may be')
  const header = parseHeader(bytes.subarray(PROLOGUE, headerEnd), kind)
  const weightData = bytes.slice(headerEnd, bytes.length - TRAILER).buffer
  const weightSpecs = checkSpecs(header['weightSpecs'], weightData.byteLength, kind)
  const found = kinds.find((one) => one === header['kind'])
  if (found === undefined) throw formatError(kind, `it is a ${JSON.stringify(header['kind'])}`)
  return { kind: found, header, weightSpecs, weightData }
}

function parseHeader(bytes: Uint8Array, kind: string): { readonly [key: string]: Json } {
  let header: unknown
  try {
    header = decodeJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw formatError(kind, `its header is no JSON (${messageOf(cause)})`, cause)
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) throw formatError(kind, 'its header is no object')
  return header as { readonly [key: string]: Json }
}

function checkSpecs(specs: Json | undefined, bytes: number, kind: string): WeightSpec[] {
  if (!Array.isArray(specs)) throw formatError(kind, 'it has no list of weights')
  let expected = 0
  const checked = specs.map((spec: Partial<WeightSpec> | null, index): WeightSpec => {
    const { name, shape, dtype } = spec ?? {}
    const width = typeof dtype === 'string' && Object.hasOwn(BYTES_PER_ELEMENT, dtype) ? BYTES_PER_ELEMENT[dtype] : undefined
    const sizes: readonly unknown[] = Array.isArray(shape) ? shape : [undefined]
    if (typeof name !== 'string' || dtype === undefined || width === undefined || !sizes.every((size) => Number.isSafeInteger(size) && (size as number) >= 0)) {
      throw formatError(kind, `weight ${index} is not described by name, shape and dtype`)
    }
    expected += (sizes as number[]).reduce((product, size) => product * size, width)
    return { name, shape: sizes as number[], dtype }
  })
  if (expected !== bytes) throw formatError(kind, `its weights should have ${expected} bytes and have ${bytes}`)
  return checked
}

export function formatError(kind: string, problem: string, cause?: unknown): Error {
  return tfjsError('TFJS_FORMAT', `Not a ${kind} that can be read: ${problem}.`, cause === undefined ? {} : { cause })
}
