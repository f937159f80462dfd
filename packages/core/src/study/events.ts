import type { Change } from '../contracts/change.ts'
import type { StudyEvent } from '../contracts/event.ts'
import type { StudySummary } from '../contracts/storage.ts'
import type { Effect, StudyHistory } from '../history/study-history.ts'

const ends = { complete: 'trial.completed', pruned: 'trial.pruned', failed: 'trial.failed' } as const

/** What a change means to listeners: called right after `history.apply(change)`, whose answer is `effect`. */
export function eventsOf(change: Change, effect: Effect, history: StudyHistory, summary: () => StudySummary): readonly StudyEvent[] {
  const events = allEventsOf(change, effect, history, summary)
  return events.length < 2 ? events : events.map((event, i) => (i < events.length - 1 ? { ...event, more: true } : event))
}

function allEventsOf(change: Change, effect: Effect, history: StudyHistory, summary: () => StudySummary): readonly StudyEvent[] {
  const { revision, time, body } = change
  const at = { revision, time }
  const ofTrial = (number: number): { readonly revision: number; readonly time: number; readonly trial: ReturnType<StudyHistory['trial']> } => ({ ...at, trial: history.trial(number) })
  switch (body.type) {
    case 'create': {
      if (body.params === undefined && body.owner !== undefined) return [] // Told once the parameters are assigned.
      const events: StudyEvent[] = [{ type: 'trial.asked', ...ofTrial(body.number) }]
      if (body.owner !== undefined) events.push({ type: 'trial.started', ...ofTrial(body.number) })
      if (body.outcome !== undefined) events.push({ type: ends[body.outcome.state], ...ofTrial(body.number) })
      if (effect.bestImproved) events.push({ type: 'best.improved', ...ofTrial(body.number) })
      return events
    }
    case 'assign':
      return [{ type: 'trial.asked', ...ofTrial(body.number) }, { type: 'trial.started', ...ofTrial(body.number) }]
    case 'claim':
      return [{ type: effect.before === 'paused' ? 'trial.resumed' : 'trial.started', ...ofTrial(body.number) }]
    case 'report':
      return [{ type: 'trial.reported', ...ofTrial(body.number), report: { step: body.step, metrics: body.metrics, time } }]
    case 'checkpoint':
      return body.artifact === null ? [] : [{ type: 'checkpoint.saved', ...ofTrial(body.number), step: body.step, artifact: body.artifact }]
    case 'pause':
      return [{ type: 'trial.paused', ...ofTrial(body.number) }]
    case 'requeue':
      return [{ type: 'trial.requeued', ...ofTrial(body.number) }]
    case 'finish': {
      if (body.requeue === true && body.outcome.state === 'failed') return [{ type: 'trial.requeued', ...ofTrial(body.number) }]
      const event: StudyEvent = { type: ends[body.outcome.state], ...ofTrial(body.number) }
      return effect.bestImproved ? [event, { type: 'best.improved', ...ofTrial(body.number) }] : [event]
    }
    case 'amend': {
      const events: StudyEvent[] = [{ type: 'trial.amended', ...ofTrial(body.number), amendment: body.amendment, by: body.by }]
      if (effect.before === 'waiting' || effect.before === 'paused') events.unshift({ type: 'trial.failed', ...ofTrial(body.number) })
      if (effect.bestImproved) events.push({ type: 'best.improved', ...ofTrial(history.best) })
      return events
    }
    case 'attribute':
      return [{ type: 'attribute.set', ...at, number: body.number, key: body.key, value: body.value }]
    case 'artifact':
      return body.artifact === null ? [] : [{ type: 'artifact.added', ...at, number: body.number, name: body.name, artifact: body.artifact }]
    case 'rename':
      return [{ type: 'study.renamed', ...at, before: body.before, name: body.name, by: body.by, note: body.note }]
    case 'revise':
      return [{ type: 'space.revised', ...at, fingerprint: body.fingerprint, values: body.values, by: body.by, note: body.note }]
    case 'merge':
      return [{ type: 'study.merged', ...at, from: body.from, trials: body.trials, by: body.by, note: body.note }]
    case 'copying':
      return []
    case 'copied':
      return [{ type: 'study.copied', ...at, from: body.from, by: body.by }]
    case 'extend':
      return [{ type: 'space.extended', ...at, path: body.path }]
    case 'warn':
      return [{ type: 'warning', ...at, number: body.number, source: body.source, message: body.message }]
    case 'remark':
      return [{ type: 'remark', ...at, source: body.source, message: body.message }]
    case 'session':
      if (body.phase === 'started') return [{ type: 'study.started', ...at, owner: body.owner, goal: body.goal }]
      if (body.phase === 'closed' || body.phase === 'declined') return [] // Whoever listened has gone; a warning tells.
      if (body.phase === 'stopped') return [{ type: 'study.stopped', ...at, owner: body.owner, reason: body.reason ?? '' }]
      return [{ type: body.phase === 'opened' ? 'study.opened' : 'study.resumed', ...at, owner: body.owner, study: summary(), ...(body.sampler === undefined ? {} : { sampler: body.sampler }), ...(body.pruner === undefined ? {} : { pruner: body.pruner }) }]
  }
}
