import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, join } from 'node:path'
import { htmlReport, readStudy, type Study } from 'attune'
import type { Finalist } from './finalist.ts'
import type { NetworkParams } from './network.ts'
import type { JobOptions } from './options.ts'

/** Epochs that pruned trials did not train, out of those that all ended trials would have. */
export function epochsSaved(study: Study<NetworkParams>, epochs: number): { readonly saved: number; readonly all: number } {
  const ended = study.trials().filter(({ state }) => state === 'pruned' || state === 'complete')
  const trained = ended.reduce((sum, { reports }) => sum + reports.length, 0)
  return { saved: ended.length * epochs - trained, all: ended.length * epochs }
}

function versions(): { readonly [name: string]: string } {
  const require = createRequire(import.meta.url)
  const versionOf = (name: string): string => (require(`${name}/package.json`) as { readonly version: string }).version
  return { node: process.versions.node, '@tensorflow/tfjs': versionOf('@tensorflow/tfjs'), 'onnxruntime-node': versionOf('onnxruntime-node') }
}

/** Writes `result.json` for scripts. Its fields are described in docs/main-job.md. */
export async function writeResult(study: Study<NetworkParams>, finalist: Finalist, options: JobOptions): Promise<string> {
  const file = join(options.out, 'result.json')
  const result = {
    schema: 'attune-mnist/1',
    trials: study.trials().map(({ number, state, params, metrics, reports }) => ({ number, state, params, metrics, epochs: reports.length })),
    best: { number: study.best.number, params: study.best.params, valAccuracy: study.best.value },
    testAccuracyTfjs: finalist.testAccuracyTfjs,
    testAccuracyOnnx: finalist.testAccuracyOnnx,
    latencyP50Ms: finalist.latencyP50Ms,
    latencyP95Ms: finalist.latencyP95Ms,
    modelBytes: finalist.modelBytes,
    epochsSaved: epochsSaved(study, options.epochs).saved,
    seed: study.definition.seed,
    versions: versions(),
  }
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`)
  return file
}

/** Writes `report.html`: the study as one page. */
export async function writeReport(study: Study<NetworkParams>, finalist: Finalist, options: JobOptions): Promise<string> {
  const file = join(options.out, 'report.html')
  const facts = [
    { label: 'Test accuracy (ONNX Runtime)', value: finalist.testAccuracyOnnx.toFixed(4) },
    { label: 'Latency p50', value: `${finalist.latencyP50Ms.toFixed(3)} ms` },
    { label: 'Model', value: `${(finalist.modelBytes / 1024).toFixed(0)} kB` },
  ]
  await writeFile(file, htmlReport(await readStudy(study), { title: 'Handwritten digits', facts }))
  return file
}

const kinds: { readonly [ending: string]: string } = { onnx: 'onnx', html: 'text/html', json: 'application/json' }

/** Keeps the files with the study, where trackers find them: the model with its best trial. Files that it has already stay as they are. */
export async function keepWithStudy(study: Study<NetworkParams>, files: readonly string[]): Promise<void> {
  for (const file of files) {
    const bytes = await readFile(file)
    const ending = file.slice(file.lastIndexOf('.') + 1)
    const [name, trial] = ending === 'onnx' ? ['onnx', study.best] : [basename(file), undefined]
    const before = (trial ?? study).artifacts[name]
    if (before?.hash === createHash('sha256').update(bytes).digest('hex')) continue
    await study.setArtifact(name, bytes, { kind: kinds[ending] ?? 'application/octet-stream', ...(trial === undefined ? {} : { trial: trial.number }) })
  }
}
