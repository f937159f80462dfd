import { ThreefryRandom } from '@attune/core'
import { dataError } from './data-error.ts'

/** Positions of samples, each list in ascending order; disjoint, and together all there are. */
export interface SplitRows {
  readonly train: Int32Array
  readonly held: Int32Array
}

/**
 * Holds back round(share · samples) samples, drawn by `seed` alone. With `classOf`, each class gives its share, rounded down or up
 * (by largest remainder, so that the whole is kept).
 * @throws AttuneError `TFJS_DATA` if one of the two would be empty, or the classes are as many as there are samples.
 */
export function splitRows(samples: number, share: number, seed: number, classOf: ((sample: number) => string) | undefined, label: string): SplitRows {
  if (!(share > 0 && share < 1)) throw dataError(`${label} must be a share between 0 and 1, got ${String(share)}`)
  if (!Number.isSafeInteger(seed) || seed < 0) throw dataError(`the seed of ${label} must be a whole number of at least 0, got ${String(seed)}`)
  const wanted = Math.round(share * samples)
  if (wanted === 0 || wanted === samples) throw dataError(`${label} of ${samples} samples would hold back ${wanted}: give more samples or another share`)
  const groups = groupsOf(samples, classOf)
  if (groups.length > 1 && groups.length > samples / 2) throw dataError(`${label} cannot keep the shares of ${groups.length} classes among ${samples} samples: leave stratify out where targets are no classes`)
  const quotas = groups.map((group) => (group.length * wanted) / samples)
  const counts = quotas.map(Math.floor)
  const byRemainder = groups.map((_, group) => group).sort((a, b) => quotas[b]! - counts[b]! - (quotas[a]! - counts[a]!) || a - b)
  const missing = wanted - counts.reduce((sum, count) => sum + count, 0)
  for (const group of byRemainder.slice(0, missing)) counts[group]! += 1
  const random = new ThreefryRandom(seed)
  const held = new Uint8Array(samples)
  for (const [index, group] of groups.entries()) for (const sample of draw(group, counts[index] as number, random.stream(index, 'tfjs.split'))) held[sample] = 1
  const all = Int32Array.from({ length: samples }, (_, sample) => sample)
  return { train: all.filter((sample) => held[sample] === 0), held: all.filter((sample) => held[sample] === 1) }
}

function groupsOf(samples: number, classOf: ((sample: number) => string) | undefined): number[][] {
  const groups = new Map<string, number[]>()
  for (let sample = 0; sample < samples; sample++) {
    const key = classOf?.(sample) ?? ''
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [sample])
    else group.push(sample)
  }
  return [...groups.keys()].sort().map((key) => groups.get(key) as number[])
}

/** The first `count` of a shuffle by Fisher and Yates; changes `items`. */
function draw(items: number[], count: number, stream: { integer(below: number): number }): number[] {
  for (let position = 0; position < count; position++) {
    const other = position + stream.integer(items.length - position)
    const kept = items[position] as number
    items[position] = items[other] as number
    items[other] = kept
  }
  return items.slice(0, count)
}
