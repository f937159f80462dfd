import { invalidEvent } from './errors.ts'
import type { HistogramBucket } from './event.ts'

/**
 * Buckets of equal width from the smallest to the largest sample; samples that are all the same make one bucket of
 * width 1 around them, as TensorFlow's `tf.summary.histogram` does. NaN and ±Infinity, which no bucket holds, are left out:
 * count them apart if they matter. Throws TENSORBOARD_INVALID unless `count` is an integer from 1 to 10,000.
 */
export function histogramBuckets(samples: Iterable<number>, count: number = 30): readonly HistogramBucket[] {
  if (!Number.isInteger(count) || count < 1 || count > 10_000) throw invalidEvent(`A histogram has 1 to 10,000 buckets, not ${count}.`, { count })
  const finite = Float64Array.from(samples).filter(Number.isFinite)
  if (finite.length === 0) return []
  let min = Infinity
  let max = -Infinity
  for (const sample of finite) {
    if (sample < min) min = sample
    if (sample > max) max = sample
  }
  if (min === max) return [oneBucket(min, finite.length)]
  // Each part apart: the difference of two large numbers may be infinite.
  const edges = Float64Array.from({ length: count + 1 }, (_, index) => (index === count ? max : min * (1 - index / count) + max * (index / count)))
  const counts = new Float64Array(count)
  for (const sample of finite) {
    let index = Math.min(count - 1, Math.floor(((sample / 2 - min / 2) / (max / 2 - min / 2)) * count))
    // Division may round over an edge.
    while (index > 0 && sample < edges[index]!) index--
    while (index < count - 1 && sample >= edges[index + 1]!) index++
    counts[index]!++
  }
  return Array.from(counts, (bucket, index) => ({ from: edges[index]!, to: edges[index + 1]!, count: bucket }))
}

/** Half a unit to each side, or as much as floats of that size can tell apart. */
function oneBucket(value: number, count: number): HistogramBucket {
  const half = Math.max(0.5, Math.abs(value) * 2 ** -52)
  return { from: Math.max(-Number.MAX_VALUE, value - half), to: Math.min(Number.MAX_VALUE, value + half), count }
}
