import type { ArtifactReference, Json } from '@attune/core'
import { artifactPath } from './artifact-path.ts'
import { onnxSignature } from './onnx-signature.ts'

/** A model as MLflow's Python keeps one: a folder with a file `MLmodel` that says how it is loaded. */
export interface ModelFiles {
  readonly files: { readonly [path: string]: string | Uint8Array }
  /** `onnx` for what Python loads with `mlflow.onnx` and `mlflow.pyfunc`; others are kept as they are. */
  readonly flavor: 'onnx' | undefined
}

export interface ModelFacts {
  readonly modelId: string
  /** Milliseconds since the epoch. */
  readonly time: number
  readonly runId: string | undefined
  /** As in `3.17.2`; undefined for a server that does not say. */
  readonly mlflowVersion: string | undefined
  /** `{ inputs, outputs }` in MLflow's own form, where the user knows it better. */
  readonly signature: Json | undefined
}

/** Throws what `readModel` of `@attune/onnx-format` throws for bytes that are called ONNX and are not. */
export function modelFiles(artifact: Pick<ArtifactReference, 'kind'>, bytes: Uint8Array, facts: ModelFacts): ModelFiles {
  const isOnnx = artifact.kind.toLowerCase() === 'onnx'
  const data = isOnnx ? 'model.onnx' : artifactPath('model', artifact)
  const signature = facts.signature ?? (isOnnx ? onnxSignature(bytes) : undefined)
  const lines = [
    'artifact_path: model',
    ...(isOnnx ? onnxFlavors : ['flavors:', '  attune:', `    data: ${data}`, `    format: ${JSON.stringify(artifact.kind)}`]),
    ...(facts.mlflowVersion === undefined ? [] : [`mlflow_version: ${facts.mlflowVersion}`]),
    `model_id: ${facts.modelId}`,
    `model_size_bytes: ${bytes.length}`,
    `model_uuid: ${facts.modelId.replace(/^m-/, '')}`,
    ...(facts.runId === undefined ? [] : [`run_id: ${facts.runId}`]),
    ...signatureLines(signature),
    `utc_time_created: '${new Date(facts.time).toISOString().replace('T', ' ').replace('Z', '000')}'`,
  ]
  const files = { MLmodel: `${lines.join('\n')}\n`, [data]: bytes }
  return isOnnx ? { files: { ...files, ...environment(facts.mlflowVersion) }, flavor: 'onnx' } : { files, flavor: undefined }
}

const onnxFlavors: readonly string[] = [
  'flavors:',
  '  onnx:',
  '    code: null',
  '    data: model.onnx',
  '    providers: [CUDAExecutionProvider, CPUExecutionProvider]',
  '  python_function:',
  '    data: model.onnx',
  '    env: {conda: conda.yaml, virtualenv: python_env.yaml}',
  '    loader_module: mlflow.onnx',
  '    python_version: 3.11.0',
]

/** Each list as JSON text, in the quotes of YAML that JSON has too. */
function signatureLines(signature: Json | ReturnType<typeof onnxSignature>): readonly string[] {
  if (typeof signature !== 'object' || signature === null || Array.isArray(signature)) return []
  const lines = (['inputs', 'outputs', 'params'] as const).flatMap((part) => {
    const list = (signature as { readonly [part: string]: unknown })[part]
    return list === undefined || list === null ? [] : [`  ${part}: ${JSON.stringify(typeof list === 'string' ? list : JSON.stringify(list))}`]
  })
  return lines.length === 0 ? [] : ['signature:', ...lines]
}

/** What `mlflow models serve` installs to run it. */
function environment(version: string | undefined): { readonly [path: string]: string } {
  const requirements = [version === undefined ? 'mlflow' : `mlflow==${version}`, 'onnx', 'onnxruntime', 'pandas']
  return {
    'requirements.txt': `${requirements.join('\n')}\n`,
    'python_env.yaml': 'python: 3.11.0\nbuild_dependencies:\n- pip\n- setuptools\n- wheel\ndependencies:\n- -r requirements.txt\n',
    'conda.yaml': `channels:\n- conda-forge\ndependencies:\n- python=3.11\n- pip\n- pip:\n${requirements.map((name) => `  - ${name}\n`).join('')}name: mlflow-env\n`,
  }
}
