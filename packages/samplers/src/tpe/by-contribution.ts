import { exclusiveVolume } from '../hypervolume/volume.ts'

/** The reference lies so far beyond the worst of a front, in parts of its range. */
const beyond = 0.1
/** Of more objectives volumes take too long. Then results count by their distance from those that were taken. */
const mostObjectives = 6

/**
 * Some members of a front: the one that dominates the largest volume, then always the one that adds most to what those before it dominate (greedy
 * hypervolume subset selection, A. Guerreiro, C. Fonseca & L. Paquete, Evolutionary Computation 24, 2016; at least 1 − 1/e of the best subset's volume).
 * Losses count in parts of the front's range, so scales do not matter.
 * @param front places in `losses`
 */
export function byContribution(losses: readonly Float64Array[], front: readonly number[], count: number): number[] {
  const points = scaled(losses, front)
  const objectives = points[0]?.length ?? 0
  const gainOf = objectives <= mostObjectives ? volumeGain(objectives) : distanceGain
  const chosen: number[] = []
  const taken: Float64Array[] = []
  // What a member adds falls as others are taken, so an old gain is a bound: only the highest bound has to be computed again.
  const bounds = points.map((point) => gainOf(point, []))
  const freshAt = new Int32Array(points.length)
  while (chosen.length < count) {
    let best = 0
    for (let i = 1; i < bounds.length; i++) if ((bounds[i] as number) > (bounds[best] as number)) best = i
    if (freshAt[best] !== chosen.length) {
      bounds[best] = gainOf(points[best] as Float64Array, taken)
      freshAt[best] = chosen.length
      continue
    }
    bounds[best] = -1
    freshAt[best] = -1
    chosen.push(front[best] as number)
    taken.push(points[best] as Float64Array)
  }
  return chosen
}

type Gain = (point: Float64Array, taken: readonly Float64Array[]) => number

function volumeGain(objectives: number): Gain {
  const reference = new Float64Array(objectives).fill(1 + beyond)
  return (point, taken) => {
    const others = new Float64Array(taken.length * objectives)
    for (let i = 0; i < taken.length; i++) others.set(taken[i] as Float64Array, i * objectives)
    return exclusiveVolume(point, others, taken.length, objectives, reference)
  }
}

/** Distance to the nearest that was taken; falls as others are taken too. */
const distanceGain: Gain = (point, taken) => taken.reduce((nearest, other) => Math.min(nearest, point.reduce((sum, loss, i) => sum + (loss - (other[i] as number)) ** 2, 0)), point.length)

/** Losses of a front from 0, the best, to 1. */
function scaled(losses: readonly Float64Array[], front: readonly number[]): Float64Array[] {
  const objectives = losses[front[0] as number]?.length ?? 0
  const points = front.map(() => new Float64Array(objectives))
  for (let objective = 0; objective < objectives; objective++) {
    let low = Infinity
    let high = -Infinity
    for (const place of front) {
      const loss = losses[place]?.[objective] as number
      if (!Number.isFinite(loss)) continue
      low = Math.min(low, loss)
      high = Math.max(high, loss)
    }
    for (const [i, place] of front.entries()) {
      const loss = losses[place]?.[objective] as number
      points[i]![objective] = loss <= low ? 0 : loss >= high ? (high > low ? 1 : +(loss > high)) : (loss - low) / (high - low)
    }
  }
  return points
}
