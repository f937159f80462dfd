import type { Attributes, AttributeValue } from '@opentelemetry/api'
import type { Failure, StudySummary, TrialRecord } from '@attune/core'

/** NaN and infinities have no JSON form, and exporters differ in what they make of them: here they are texts. */
export function attributeValue(value: string | number | boolean | null): AttributeValue {
  return value === null ? 'null' : typeof value === 'number' && !Number.isFinite(value) ? String(value) : value
}

function prefixed(prefix: string, values: { readonly [name: string]: string | number | boolean | null }): Attributes {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}.${name}`, attributeValue(value)]))
}

/** What a study is, on each of its spans. */
export function studyAttributes({ id, definition }: StudySummary): Attributes {
  return { 'attune.study.id': id, 'attune.study.name': definition.name }
}

/** What is known of a trial when it starts. */
export function startAttributes(trial: TrialRecord): Attributes {
  return {
    'attune.trial.number': trial.number,
    'attune.trial.origin': trial.origin,
    ...(trial.suggestion === undefined ? {} : { 'attune.trial.sampler': trial.suggestion.sampler }),
    ...(trial.parent === undefined ? {} : { 'attune.trial.parent': trial.parent }),
  }
}

/** What has become of a trial. Its parameters too: those of a space that is defined by running are known at the end. */
export function endAttributes(trial: TrialRecord): Attributes {
  return {
    'attune.trial.state': trial.state,
    'attune.trial.attempt': trial.attempt,
    'attune.trial.reports': trial.reports.length,
    ...(trial.value === undefined ? {} : { 'attune.trial.value': attributeValue(trial.value) }),
    ...prefixed('attune.trial.param', trial.flatParams),
    ...prefixed('attune.trial.metric', trial.metrics),
  }
}

/** A failure as OpenTelemetry records exceptions. */
export function exceptionOf({ reason, message, stack }: Failure): { readonly name: string; readonly message: string; readonly stack?: string } {
  return { name: reason, message, ...(stack === undefined ? {} : { stack }) }
}

export function reportAttributes(step: number, metrics: { readonly [name: string]: number }): Attributes {
  return { 'attune.step': step, ...prefixed('attune.metric', metrics) }
}
