import type { ArtifactReference, LoggerContext, TrialRecord } from '@attune/core'
import type { LoggedModel, MlflowClient, ModelVersion } from '../../client/types.ts'
import type { Settings } from '../options.ts'
import type { RunIds } from '../writes.ts'
import { modelFiles } from './model-files.ts'
import { scalarText } from './texts.ts'
import { finalPoints, reportPoints } from './trial-metrics.ts'

/** A model that was logged, and its version where it was registered. */
export interface BestModel {
  readonly trial: number
  readonly model: LoggedModel
  readonly version: ModelVersion | undefined
}

export interface BestModelOptions {
  readonly client: Pick<MlflowClient, 'models' | 'artifacts' | 'registry' | 'runs' | 'server'>
  readonly context: Pick<LoggerContext, 'study' | 'view' | 'artifact'>
  readonly runs: RunIds
  readonly model: NonNullable<Settings['model']>
  readonly signal?: AbortSignal
}

/**
 * Makes the model of the best trial a logged model of MLflow, an output of the run of its trial and of the study's, and registers it where
 * that was asked for. Safe to repeat: a model is known by its trial and its bytes. Undefined if the best trial has no such artefact, or its
 * bytes are lost. Rejects with what the client throws; a model whose upload failed says so in MLflow.
 */
export async function logBestModel({ client, context, runs, model: options, signal }: BestModelOptions): Promise<BestModel | undefined> {
  const { study, view } = context
  const { best } = view
  const artifact = best !== undefined && Object.hasOwn(best.artifacts, options.artifact) ? best.artifacts[options.artifact] : undefined
  if (best === undefined || artifact === undefined) return undefined
  const call = signal === undefined ? {} : { signal }
  const runId = await runs.trial(best.number)
  const key = `${study.id}/${best.number}/${artifact.hash}`
  let model = await client.models.create({
    experimentId: runs.experimentId,
    name: modelName(view.study.definition.name),
    key,
    ...(runId === undefined ? {} : { sourceRunId: runId }),
    params: Object.fromEntries(Object.entries(best.flatParams).map(([path, value]) => [path, scalarText(value)])),
    tags: { 'attune.study': view.study.definition.name, 'attune.trial': String(best.number), 'attune.format': artifact.kind, 'attune.sha256': artifact.hash },
  }, call)
  if (model.status !== 'READY') {
    const bytes = await context.artifact(artifact)
    if (bytes === undefined) {
      await client.models.finalize(model.modelId, 'UPLOAD_FAILED', call)
      return undefined
    }
    model = await upload(client, model, artifact, bytes, best, options, call)
  }
  if (runId !== undefined) {
    await client.runs.logOutputs(runId, [{ modelId: model.modelId }], call)
    // The trial's last points again, now with the model, in whose table they stand too.
    const { objectives } = study.definition
    const points = [...best.reports.slice(-1).flatMap((report) => reportPoints(report, objectives)), ...finalPoints(best, objectives)]
    await client.runs.log(runId, { metrics: points.map((point) => ({ ...point, modelId: model.modelId })) }, call)
  }
  await client.runs.logOutputs(runs.parent, [{ modelId: model.modelId }], call)
  const version = options.registeredName === undefined ? undefined : await register(client, options.registeredName, options.alias, model, best, key, call)
  return { trial: best.number, model, version }
}

async function upload(client: BestModelOptions['client'], model: LoggedModel, artifact: ArtifactReference, bytes: Uint8Array, best: TrialRecord, options: BestModelOptions['model'], call: { readonly signal?: AbortSignal }): Promise<LoggedModel> {
  try {
    const { version } = await client.server(call)
    const { files } = modelFiles(artifact, bytes, { modelId: model.modelId, runId: model.sourceRunId, time: best.endedAt ?? best.createdAt, mlflowVersion: version, signature: options.signature })
    // The file that says how it is loaded comes last: what is there with it is whole.
    for (const [path, content] of Object.entries(files).toReversed()) await client.artifacts.upload({ modelId: model.modelId }, path, content, call)
  } catch (error) {
    await client.models.finalize(model.modelId, 'UPLOAD_FAILED', call).catch(() => undefined) // What failed first is what matters.
    throw error
  }
  return client.models.finalize(model.modelId, 'READY', call)
}

async function register(client: BestModelOptions['client'], name: string, alias: string | undefined, model: LoggedModel, best: TrialRecord, key: string, call: { readonly signal?: AbortSignal }): Promise<ModelVersion> {
  await client.registry.ensureModel(name, call)
  const version = await client.registry.createVersion({
    name,
    source: `models:/${model.modelId}`,
    modelId: model.modelId,
    key,
    ...(model.sourceRunId === undefined ? {} : { runId: model.sourceRunId }),
    description: `Trial ${best.number}: ${Object.entries(best.metrics).map(([metric, value]) => `${metric} ${value}`).join(', ')}`,
  }, call)
  if (alias !== undefined) await client.registry.setAlias(name, alias, version.version, call)
  return version
}

/** MLflow forbids `/ : . % " '` in it. */
function modelName(study: string): string {
  return study.replaceAll(/[/:.%"']/g, '_').slice(0, 250)
}
