import type { StudyHistory } from '../../history/study-history.ts'
import { AttuneError } from '../../errors.ts'
import { show } from '../../space/show.ts'
import { didYouMean } from '../nearest-name.ts'
import { dominates } from '../pareto.ts'

/** Which trials keep the model that their training returned, and their last checkpoint. */
export interface KeepPolicy {
  /** Models of so many of the best trials; with several objectives, of the Pareto front: of at least 20 trials of it, if there are as many. Infinity keeps all. Default 1. */
  readonly best?: number
  /** Models of so many of the trials that completed last. Default 0. */
  readonly last?: number
  /** Last checkpoints of so many of the trials that ended last, where a pruner forks: it forks from no others. Default 20. */
  readonly checkpoints?: number
}

export type Keep = Required<KeepPolicy>

/** The name of the artefact that a training returned. */
export const model = 'model'

/** Models of a front that are kept at least. */
const frontSize = 20
const defaults: Keep = { best: 1, last: 0, checkpoints: 20 }

/** With defaults. Throws OPTION for what is no policy. */
export function checkKeep(keep: unknown): Keep {
  if (keep === undefined) return defaults
  if (typeof keep !== 'object' || keep === null || Array.isArray(keep)) throw new AttuneError('OPTION', `keep cannot be ${show(keep)}: give it as in keep: { best: 3, last: 1 }.`)
  const known = Object.keys(defaults)
  for (const [name, value] of Object.entries(keep)) {
    if (!known.includes(name)) throw new AttuneError('OPTION', `keep does not know "${name}".${didYouMean(name, known)}`)
    if (value !== undefined && value !== Infinity && (!Number.isSafeInteger(value) || value < 0)) throw new AttuneError('OPTION', `keep.${name} must be a whole number from 0, or Infinity, got ${show(value)}.`)
  }
  return { ...defaults, ...Object.fromEntries(Object.entries(keep).filter(([, value]) => value !== undefined)) }
}

interface Candidate {
  readonly number: number
  readonly endedAt: number
  readonly losses: readonly number[]
}

/** Complete, feasible, not void trials among these, best first; with several objectives their front first, spread out, then the others. */
export function bestFirst(history: StudyHistory, numbers: Iterable<number>): readonly number[] {
  const columns = history.definition.objectives.map((_, objective) => history.losses(objective))
  const candidates: Candidate[] = []
  for (const number of numbers) {
    const { state, violation, voided, values, endedAt } = history.trial(number)
    if (state === 'complete' && violation === 0 && voided === undefined && values !== undefined) candidates.push({ number, endedAt: endedAt ?? 0, losses: columns.map((column) => column[number]!) })
  }
  if (columns.length === 1) return candidates.sort((a, b) => a.losses[0]! - b.losses[0]! || a.number - b.number).map(({ number }) => number)
  const front = candidates.filter(({ losses }) => !candidates.some((other) => dominates(other.losses, losses)))
  const rest = candidates.filter((candidate) => !front.includes(candidate))
  return [...spread(front), ...rest].map(({ number }) => number)
}

/** The best in each objective first, then always the one that is furthest from those before it: any beginning of it covers the front. */
function spread(front: readonly Candidate[]): readonly Candidate[] {
  const [first] = front
  if (first === undefined) return []
  const objectives = first.losses.map((_, i) => i)
  const low = objectives.map((i) => Math.min(...front.map(({ losses }) => losses[i]!)))
  const width = objectives.map((i) => Math.max(...front.map(({ losses }) => losses[i]!)) - low[i]! || 1)
  const distance = (a: Candidate, b: Candidate): number => Math.max(...objectives.map((i) => Math.abs(a.losses[i]! - b.losses[i]!) / width[i]!))
  const chosen = Array.from(new Set(objectives.map((i) => front.find(({ losses }) => losses[i] === low[i])!)))
  const left = new Map(front.filter((candidate) => !chosen.includes(candidate)).map((candidate) => [candidate, Math.min(...chosen.map((other) => distance(candidate, other)))]))
  while (left.size > 0) {
    const [next] = Array.from(left).reduce((furthest, entry) => (entry[1] > furthest[1] ? entry : furthest))
    left.delete(next)
    chosen.push(next)
    for (const [candidate, nearest] of left) left.set(candidate, Math.min(nearest, distance(candidate, next)))
  }
  return chosen
}

/**
 * Which of these trials, each with a model, keep it: ranked among themselves, so that a better trial whose model could not be kept takes
 * nothing from another. As more trials end a rank only falls (in fronts of more than 20, mostly), so a process that has not seen them all
 * drops what the others drop too.
 */
export function keptModels(history: StudyHistory, keep: Keep, numbers: Iterable<number>): ReadonlySet<number> {
  const all = Array.from(numbers)
  const trials = all.map((number) => history.trial(number))
  const kept = new Set(trials.filter(({ state }) => state === 'running' || state === 'waiting' || state === 'paused').map(({ number }) => number))
  const complete = trials.filter(({ state, voided }) => state === 'complete' && voided === undefined).sort((a, b) => b.endedAt! - a.endedAt! || b.number - a.number)
  for (const { number } of complete.slice(0, keep.best === Infinity ? complete.length : keep.last)) kept.add(number)
  if (keep.best === 0 || keep.best === Infinity) return kept
  const ranked = bestFirst(history, all)
  const columns = history.definition.objectives.map((_, objective) => history.losses(objective))
  const losses = (number: number): readonly number[] => columns.map((column) => column[number]!)
  if (columns.length === 1) for (const number of ranked.slice(0, keep.best)) kept.add(number)
  else for (const number of ranked.slice(0, Math.max(keep.best, frontSize))) if (!ranked.some((other) => dominates(losses(other), losses(number)))) kept.add(number)
  return kept
}
