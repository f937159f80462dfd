import type { JudgeContext, NextContext, NextTrial, Problem, Pruner, PrunerFactory, Study, Verdict } from '@attune/core'
import { ensure, equalData, show } from './check.ts'
import { forbidChance } from './forbid-chance.ts'

/** One answer of a pruner. */
export interface Judged {
  readonly number: number
  readonly step: number
  readonly loss: number
  readonly verdict: Verdict
}

/** What a watched pruner has answered, and what was wrong with it. */
export interface PrunerWatch {
  readonly factory: PrunerFactory
  readonly judged: Judged[]
  /** What it wanted to be started. */
  readonly wishes: (NextTrial | undefined)[]
  /** Broken promises. Collected, because what a pruner throws only fails the trial. */
  readonly complaints: string[]
}

/** The same pruner, with every answer compared with that of a new instance, and with nothing allowed that cannot be repeated. */
export function watchPruner(factory: PrunerFactory): PrunerWatch {
  const judged: Judged[] = []
  const wishes: (NextTrial | undefined)[] = []
  const complaints: string[] = []
  return {
    judged,
    wishes,
    complaints,
    factory: {
      ...factory,
      create(problem) {
        const pruner = factory.create(problem)
        return {
          judge(context) {
            const verdict = judgeWatched(factory, problem, pruner, context, complaints)
            judged.push({ number: context.number, step: context.step, loss: context.loss, verdict })
            return verdict
          },
          ...(pruner.next === undefined
            ? {}
            : {
                next(context) {
                  const wanted = nextWatched(factory, problem, pruner, context, complaints)
                  wishes.push(wanted)
                  return wanted
                },
              }),
        }
      },
    },
  }
}

function judgeWatched(factory: PrunerFactory, problem: Problem, pruner: Pruner, context: JudgeContext, complaints: string[]): Verdict {
  const at = `trial ${context.number}, step ${context.step}`
  const before = [problem.history.losses().slice(), curveOf(problem, context.number)]
  const call = (instance: Pruner): Verdict | undefined => {
    const forbidden = forbidChance()
    try {
      return instance.judge(withStream(context, problem))
    } catch (error) {
      complaints.push(`judge() threw at ${at}: ${show(error)}`)
      return undefined
    } finally {
      forbidden.restore()
      for (const what of forbidden.used) complaints.push(`judge() used ${what} at ${at}.`)
    }
  }
  const verdict = call(pruner)
  if (verdict !== undefined && verdict !== 'continue' && verdict !== 'prune' && verdict !== 'pause') complaints.push(`judge() answered ${show(verdict)} at ${at}: expected 'continue', 'prune' or 'pause'.`)
  const fresh = call(factory.create(problem))
  if (fresh !== verdict) complaints.push(`At ${at} the instance of the study says ${show(verdict)}, and a new one with the same history ${show(fresh)}: its state does not follow from the history.`)
  if (!equalData([problem.history.losses(), curveOf(problem, context.number)], before)) complaints.push(`judge() changed the history at ${at}: its arrays are shared with everybody.`)
  return verdict ?? 'continue'
}

/** The context with a stream of its own, so that each instance draws the same numbers. */
function withStream(context: JudgeContext, problem: Problem): JudgeContext {
  const { number, step, loss } = context
  return {
    number,
    step,
    loss,
    random: problem.random.stream(number, `judge:${step}`),
    get trial() {
      return context.trial
    },
  }
}

function curveOf({ history }: Problem, number: number): readonly unknown[] {
  const { length, steps, losses } = history.curve(number)
  return [length, steps.slice(0, length), losses.slice(0, length)]
}

function nextWatched(factory: PrunerFactory, problem: Problem, pruner: Pruner, { mayCreate }: NextContext, complaints: string[]): NextTrial | undefined {
  const call = (instance: Pruner): NextTrial | undefined => {
    const forbidden = forbidChance()
    try {
      return instance.next?.({ mayCreate, random: problem.random.stream(problem.history.length, 'pruner') })
    } catch (error) {
      complaints.push(`next() threw with ${problem.history.length} trials: ${show(error)}`)
      return undefined
    } finally {
      forbidden.restore()
      for (const what of forbidden.used) complaints.push(`next() used ${what}.`)
    }
  }
  const wanted = call(pruner)
  complaints.push(...problemsOfNext(wanted, problem))
  const fresh = call(factory.create(problem))
  if (!equalData(fresh, wanted)) complaints.push(`With ${problem.history.length} trials next() of the study's instance wants ${show(wanted)}, and that of a new one with the same history ${show(fresh)}: its state does not follow from the history.`)
  return wanted
}

function problemsOfNext(wanted: NextTrial | undefined, { history, space }: Problem): readonly string[] {
  if (wanted === undefined || wanted === 'wait') return []
  if (typeof wanted !== 'object' || wanted === null) return [`next() answered ${show(wanted)}.`]
  const known = (number: number): boolean => Number.isInteger(number) && number >= 0 && number < history.length
  const problems = 'toStep' in wanted && wanted.toStep !== undefined && !Number.isSafeInteger(wanted.toStep) ? [`next() wants a step that is no integer: ${show(wanted)}`] : []
  if ('exhausted' in wanted) return typeof wanted.exhausted === 'string' && wanted.exhausted !== '' ? problems : ['next() ends the run without a reason.']
  if ('suggest' in wanted) return problems
  const [what, number] = 'promote' in wanted ? (['promotes', wanted.promote] as const) : 'prune' in wanted ? (['prunes', wanted.prune] as const) : (['forks', wanted.fork] as const)
  if (!known(number)) return [...problems, `next() ${what} trial ${show(number)}, which does not exist.`]
  if ('fork' in wanted) return [...problems, ...space.problems(wanted.params).map((problem) => `next() forks with parameters that do not fit the space: ${problem}`)]
  const { state, reports } = history.trial(number)
  if (state !== 'paused') return [...problems, `next() ${what} trial ${number}, which is ${state}, not paused.`]
  const at = reports.at(-1)?.step
  return 'promote' in wanted && wanted.toStep !== undefined && at !== undefined && wanted.toStep <= at ? [...problems, `next() promotes trial ${number} to step ${wanted.toStep}, but it is at step ${at} already.`] : problems
}

/** Fails with the first five different complaints. */
export function ensureNoComplaints({ complaints }: PrunerWatch): void {
  ensure(complaints.length === 0, () => [...new Set(complaints)].slice(0, 5).join('\n'))
}

/** What the study was warned of. */
export async function warnings(study: Study<unknown>): Promise<readonly string[]> {
  const messages: string[] = []
  for await (const event of study.events()) if (event.type === 'warning') messages.push(event.message)
  return messages
}
