import { encodeJson, trainingInputs, type Json, type LoggerContext, type TrainingInput, type TrialRecord } from '@attune/core'
import { createHash } from 'node:crypto'
import type { DatasetInput } from '../../client/types.ts'

/** The data and models that an attribute names; what is no such list names none. */
export function inputsIn(value: Json | undefined): readonly TrainingInput[] {
  return Array.isArray(value) ? value.filter(isInput) : []
}

/** What a trial starts from: what its study does, and what it has named itself. */
export function inputsOf(trial: TrialRecord, view: Pick<LoggerContext['view'], 'attributes'>): readonly TrainingInput[] {
  return [...inputsIn(view.attributes[trainingInputs]), ...inputsIn(trial.attributes[trainingInputs])]
}

function isInput(value: Json): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const { kind, name } = value as { readonly [key: string]: Json }
  return (kind === 'dataset' || kind === 'model') && typeof name === 'string' && name !== ''
}

/** A data set as MLflow takes it: it wants a digest of at most 36 characters, which is made up of what is known where none is given. */
export function datasetInput(input: TrainingInput): DatasetInput {
  const { name, context, sourceType, source, schema, profile } = input
  const given = input.digest ?? ''
  return {
    name: name.slice(0, 500),
    digest: given !== '' && given.length <= 36 ? given : createHash('sha256').update(given === '' ? encodeJson({ ...input }) : given).digest('hex').slice(0, 36),
    sourceType: sourceType ?? 'code',
    source: source ?? name,
    ...(context === undefined ? {} : { context }),
    ...(schema === undefined ? {} : { schema: encodeJson(schema) }),
    ...(profile === undefined ? {} : { profile: encodeJson(profile) }),
  }
}
