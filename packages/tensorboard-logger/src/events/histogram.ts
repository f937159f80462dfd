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
  const edges = Float64Array.of(min, ...Array.from({ length: count - 1 }, (_, index) => between(min, max, (index + 1) / count)), max)
  // Rounding may put edges of tiny numbers in the wrong order.
  edges.sort()
  const counts = new Float64Array(count)
  for (const sample of finite) counts[bucketOf(edges, sample)]!++
  return Array.from(counts, (bucket, index) => ({ from: edges[index]!, to: edges[index + 1]!, count: bucket }))
}

/** Each part apart: the difference of two large numbers may be infinite. */
function between(min: number, max: number, part: number): number {
  return Math.min(max, Math.max(min, min * (1 - part) + max * part))
}

/** The last bucket that begins at the sample or before it. */
function bucketOf(edges: Float64Array, sample: number): number {
  let low = 0
  let high = edges.length - 2
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if (edges[middle]! <= sample) low = middle
    else high = middle - 1
  }
  return low
}

/** Half a unit to each side, or as much as floats of that size can tell apart. */
function oneBucket(value: number, count: number): HistogramBucket {
  const half = Math.max(0.5, Math.abs(value) * 2 ** -52)
  return { from: Math.max(-Number.MAX_VALUE, value - half), to: Math.min(Number.MAX_VALUE, value + half), count }
}
