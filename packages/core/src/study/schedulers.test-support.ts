import type { NextTrial, PrunerFactory } from '../contracts/pruner.ts'
import type { Report, Trainer } from '../contracts/trainer.ts'
import type { TrialRecord } from '../contracts/trial-record.ts'

/** Step at which a paused trial is, and its loss there. */
function standing(history: Parameters<PrunerFactory['create']>[0]['history'], number: number): { readonly step: number; readonly loss: number } {
  const { length, steps, losses } = history.curve(number)
  return { step: steps[length - 1] ?? 0, loss: losses[length - 1] ?? NaN }
}

/** Asynchronous halving: a trial pauses at each rung, and goes on when it is among the best half of all that came there. Nobody waits. */
export function promoting(rungs: readonly number[]): PrunerFactory {
  return {
    specVersion: 'v1',
    id: 'promoting',
    create: ({ history }) => ({
      judge: () => 'continue',
      next(): NextTrial | undefined {
        for (let rung = rungs.length - 2; rung >= 0; rung--) {
          const here = history.atStep(rungs[rung]!)
          const order = Array.from({ length: here.length }, (_, i) => i).sort((a, b) => here.losses[a]! - here.losses[b]! || here.numbers[a]! - here.numbers[b]!)
          const paused = new Set(history.paused())
          const best = order.slice(0, Math.floor(order.length / 2)).map((i) => here.numbers[i]!).find((number) => paused.has(number) && standing(history, number).step === rungs[rung])
          if (best !== undefined) return { promote: best, toStep: rungs[rung + 1]! }
        }
        return { suggest: true, toStep: rungs[0]!, attributes: { ladder: rungs.join(' ') } }
      },
    }),
  }
}

/** Synchronous halving of brackets of `size` trials: the better half goes on once all are there, the others end. */
export function halving(size: number, rungs: readonly number[]): PrunerFactory {
  return {
    specVersion: 'v1',
    id: 'halving',
    create: ({ history }) => ({
      judge: () => 'continue',
      next({ mayCreate }): NextTrial | undefined {
        const brackets = new Map<number, number[]>()
        for (let number = 0; number < history.length; number++) {
          const { bracket } = history.trial(number).attributes
          if (typeof bracket === 'number') brackets.set(bracket, [...(brackets.get(bracket) ?? []), number])
        }
        let active = 0
        for (const bracket of brackets.values()) {
          const open = bracket.filter((number) => ['waiting', 'running'].includes(history.state(number)))
          const paused = bracket.filter((number) => history.state(number) === 'paused')
          active += open.length
          if (paused.length === 0 || (bracket.length < size && mayCreate)) continue
          const rung = Math.min(...paused.map((number) => standing(history, number).step))
          if (open.some((number) => (history.trial(number).toStep ?? Infinity) <= rung)) continue
          const { numbers, losses, length } = history.atStep(rung)
          const lossOf = new Map(Array.from({ length }, (_, i) => [numbers[i]!, losses[i]!]))
          const came = bracket.filter((number) => lossOf.has(number)).sort((a, b) => lossOf.get(a)! - lossOf.get(b)! || a - b)
          const kept = came.slice(0, Math.ceil(came.length / 2))
          const here = paused.filter((number) => standing(history, number).step === rung)
          const loser = here.find((number) => !kept.includes(number))
          if (loser !== undefined) return { prune: loser }
          const toStep = rungs[rungs.indexOf(rung) + 1]
          return toStep === undefined ? { promote: here[0]! } : { promote: here[0]!, toStep }
        }
        const last = brackets.size - 1
        if (mayCreate && last >= 0 && brackets.get(last)!.length < size) return { suggest: true, toStep: rungs[0]!, attributes: { bracket: last } }
        if (active > 0) return 'wait'
        return mayCreate ? { suggest: true, toStep: rungs[0]!, attributes: { bracket: last + 1 } } : undefined
      },
    }),
  }
}

/** Population-based training: members train `interval` steps; the worst of those that stand there is replaced by a fork of the best. Ends after `steps`. */
export function population(size: number, interval: number, steps: number): PrunerFactory {
  return {
    specVersion: 'v1',
    id: 'population',
    create: ({ history, space }) => ({
      judge: () => 'continue',
      next({ random }): NextTrial | undefined {
        const numbers = Array.from({ length: history.length }, (_, number) => number)
        const originals = numbers.filter((number) => history.trial(number).origin === 'sampler')
        if (originals.length < size) return { suggest: true, toStep: interval, attributes: { generation: 0 } }
        const forkOf = (number: number): number | undefined => numbers.find((other) => history.trial(other).attributes['replaces'] === number)
        const members = numbers.filter((number) => ['running', 'paused', 'waiting'].includes(history.state(number)))
        if (members.length === 0) return { exhausted: 'the population is trained' }
        // Who was replaced ends; a crash between fork and end is mended here.
        const replaced = history.paused().find((number) => forkOf(number) !== undefined)
        if (replaced !== undefined) return { prune: replaced }
        if (members.some((number) => history.state(number) !== 'paused')) return 'wait'
        const lowest = Math.min(...members.map((number) => standing(history, number).step))
        const highest = Math.max(...members.map((number) => standing(history, number).step))
        if (lowest === highest && lowest < steps) {
          const ranked = [...members].sort((a, b) => standing(history, a).loss - standing(history, b).loss || a - b)
          const [best, worst] = [ranked[0]!, ranked.at(-1)!]
          const done = numbers.some((number) => history.trial(number).attributes['generation'] === lowest / interval)
          if (!done && best !== worst) return { fork: best, params: space.sample(random), toStep: lowest + interval, attributes: { generation: lowest / interval, replaces: worst } }
        }
        const next = members.find((number) => standing(history, number).step === lowest)!
        return lowest + interval >= steps ? { promote: next } : { promote: next, toStep: lowest + interval }
      },
    }),
  }
}

/** One step of a computation whose state tells which steps were applied, in which order and with which parameters. */
export function stepped(state: number, x: number, step: number): number {
  let hash = state ^ Math.floor(x * 0xffff_ffff) ^ Math.imul(step, 0x9e37_79b1)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2_ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

const bytesOf = (state: number): Uint8Array => Uint8Array.of(state & 255, (state >>> 8) & 255, (state >>> 16) & 255, state >>> 24)
const stateOf = (bytes: Uint8Array): number => (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0

/** Trains `steps` steps of `stepped`, from its checkpoint if there is one. */
export function chained(steps: number, onStep: (number: number, step: number) => unknown = () => undefined): Trainer<{ readonly x: number }> {
  return {
    specVersion: 'v1',
    id: 'chained',
    concurrency: 'shared',
    async *train({ number, params, resumeFrom, toStep }): AsyncGenerator<Report, void, void> {
      let state = resumeFrom === undefined ? 1 : stateOf(resumeFrom.bytes)
      for (let step = (resumeFrom?.step ?? 0) + 1; step <= (toStep ?? steps); step++) {
        await onStep(number, step)
        state = stepped(state, params.x, step)
        const now = state
        yield { step, loss: state / 2 ** 32, checkpoint: () => bytesOf(now) }
      }
    },
  }
}

/** What is wrong with the reports of trials that `chained` trained: each step once, in order, each from the state before. Empty if nothing is. */
export function brokenChains(trials: readonly TrialRecord<{ readonly x: number }>[]): readonly string[] {
  const start = (trial: TrialRecord): number => (trial.parent === undefined || trial.origin !== 'fork' ? 0 : (trial.reports[0]?.step ?? 1) - 1)
  const stateAt = (trial: TrialRecord<{ readonly x: number }>, step: number): number => {
    const from = start(trial)
    if (step <= from) return step === 0 ? 1 : stateAt(trials[trial.parent!]!, step)
    let state = stateAt(trial, from)
    for (let at = from + 1; at <= step; at++) state = stepped(state, trial.params.x, at)
    return state
  }
  return trials.flatMap((trial) => trial.reports.flatMap(({ step, metrics }, i) => {
    const problems: string[] = []
    if (step !== start(trial) + i + 1) problems.push(`Trial ${trial.number} reported step ${step} where ${start(trial) + i + 1} was to come.`)
    if (metrics['loss'] !== stateAt(trial, step) / 2 ** 32) problems.push(`Trial ${trial.number} is in a wrong state at step ${step}.`)
    return problems
  }))
}
