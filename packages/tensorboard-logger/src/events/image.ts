import { encode } from 'fast-png'
import { invalidEvent } from './errors.ts'
import type { ImageValue } from './event.ts'

/** Bytes of a PNG file before its width: the signature, and the length and name of the first chunk (PNG, section 5.2). */
const start = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, 0x49, 0x48, 0x44, 0x52]

/**
 * A PNG of pixels, row by row from the top left. `shape` is `[height, width]` for grey, or `[height, width, channels]` with
 * 1 channel for grey, 2 for grey and alpha, 3 for red, green and blue, 4 for those and alpha. Bytes go from 0 to 255;
 * floats from 0 to 1, and what is beyond, or NaN, is cut to that, NaN to 0. Throws TENSORBOARD_INVALID if the shape does not fit.
 */
export function encodePng(pixels: Uint8Array | Uint8ClampedArray | Float32Array | Float64Array, shape: readonly number[]): Uint8Array {
  const [height, width, channels = 1] = shape
  const sizes = [height, width, channels]
  if ((shape.length !== 2 && shape.length !== 3) || !sizes.every((size) => Number.isInteger(size) && size! > 0) || channels > 4) {
    throw invalidEvent(`An image has the shape [height, width] or [height, width, 1 to 4 channels], not [${shape.join(', ')}].`, { shape })
  }
  if (pixels.length !== height! * width! * channels) {
    throw invalidEvent(`An image of the shape [${shape.join(', ')}] has ${height! * width! * channels} values, not ${pixels.length}.`, { shape, length: pixels.length })
  }
  const data = pixels instanceof Float32Array || pixels instanceof Float64Array ? Uint8ClampedArray.from(pixels, (value) => value * 255) : pixels
  return encode({ width: width!, height: height!, channels, depth: 8, data })
}

/**
 * An image value of ready PNG files of one size, which is read from them. Throws TENSORBOARD_INVALID for bytes that are
 * no PNG, or of another size than the first.
 */
export function pngImage(tag: string, ...images: readonly Uint8Array[]): ImageValue {
  const sizes = images.map((png, index) => {
    if (png.length < 24 || !start.every((byte, position) => png[position] === byte)) throw invalidEvent(`Image ${index} of "${tag}" is no PNG file. Make one with encodePng.`, { tag, index })
    const view = new DataView(png.buffer, png.byteOffset)
    return { width: view.getUint32(16), height: view.getUint32(20) }
  })
  const first = sizes[0] ?? { width: 0, height: 0 }
  const other = sizes.find(({ width, height }) => width !== first.width || height !== first.height)
  if (other !== undefined) throw invalidEvent(`The images of "${tag}" differ in size: ${first.width} × ${first.height} and ${other.width} × ${other.height}. Give each size a tag of its own.`, { tag })
  return { kind: 'image', tag, ...first, images }
}
