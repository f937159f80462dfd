import { hasCode } from './client-calls.ts'
import type { Transport } from './transport-types.ts'
import type { CallOptions, DatasetInput, Runs } from './types.ts'
import { checkInteger, checkList, checkOptionalText, checkText, refuse, shown } from './values.ts'

function datasetBody(input: DatasetInput): object {
  if (typeof input !== 'object' || (input as unknown) === null) refuse(`A dataset is ${shown(input)}, and has to be an object`, 'Give { name, digest }')
  const name = checkText('The name of a dataset', input.name, { max: 500 })
  const of = (what: string) => `${what} of the dataset ${shown(name)}`
  const schema = checkOptionalText(of('The schema'), input.schema, { min: 0, max: 1_048_575 })
  const profile = checkOptionalText(of('The profile'), input.profile, { min: 0, max: 16_777_215 })
  const context = checkOptionalText(of('The context'), input.context, { max: 500 })
  return {
    tags: context === undefined ? [] : [{ key: 'mlflow.data.context', value: context }],
    dataset: {
      name,
      digest: checkText(of('The digest'), input.digest, { max: 36 }),
      // Required by the server's database.
      source_type: checkOptionalText(of('The type of the source'), input.sourceType) ?? 'unknown',
      source: checkOptionalText(of('The source'), input.source, { min: 0, max: 65_535 }) ?? '',
      ...(schema !== undefined && { schema }),
      ...(profile !== undefined && { profile }),
    },
  }
}

export async function logInputs(transport: Transport, runId: string, inputs: Parameters<Runs['logInputs']>[1], options: CallOptions): Promise<void> {
  const datasets = checkList('datasets', inputs.datasets ?? []).map((dataset) => datasetBody(dataset as DatasetInput))
  const models = checkList('models', inputs.models ?? []).map((model) => ({ model_id: checkText('The id of a logged model', model) }))
  if (datasets.length === 0 && models.length === 0) return
  const body = { run_id: runId, ...(datasets.length > 0 && { datasets }), ...(models.length > 0 && { models }) }
  await transport.json({ method: 'POST', path: 'runs/log-inputs', body, ...options })
}

/** The server refuses an output that it has, with all others of the request: so only those that are missing are sent. */
export async function logOutputs(transport: Transport, runId: string, models: Parameters<Runs['logOutputs']>[1], options: CallOptions, present: () => Promise<readonly string[]>): Promise<void> {
  const wanted = checkList('models', models).map((model) => {
    const { modelId, step } = model as Parameters<Runs['logOutputs']>[1][number]
    return { model_id: checkText('The id of a logged model', modelId), step: step === undefined ? 0 : checkInteger('The step of an output', step) }
  })
  const unique = [...new Map(wanted.map((model) => [model.model_id, model])).values()]
  for (let round = 0; ; round++) {
    const known = await present()
    const missing = unique.filter((model) => !known.includes(model.model_id))
    if (missing.length === 0) return
    const applied = async () => {
      const now = await present()
      return missing.every((model) => now.includes(model.model_id)) ? {} : undefined
    }
    try {
      await transport.json({ method: 'POST', path: 'runs/outputs', body: { run_id: runId, models: missing }, ...options, applied })
      return
    } catch (error) {
      // Another process logged one of them in between.
      if (round === 2 || !hasCode(error, 'MLFLOW_INVALID') || !/unique|duplicate|integrity/i.test(error.message)) throw error
    }
  }
}
