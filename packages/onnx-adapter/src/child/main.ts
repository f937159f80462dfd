// The process that runs models: ONNX Runtime blocks the event loop of its process while it computes, and may crash it.
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { parseRequest, type Request, type Response } from '../protocol.ts'
import { joinRows } from '../tensor-data.ts'
import { measureCost } from './cost/measure-cost.ts'
import { evaluateModel, type EvaluationSet } from './evaluation.ts'
import { Failure, messageOf } from './failure.ts'
import type { CalibrationSet } from './judge-quality.ts'
import { loadModel, prepareModel, type ModelSession, type NamedTensors } from './model-session.ts'
import { probeProvider } from './probe-provider.ts'

let evaluationSet: EvaluationSet | undefined
let calibrationSet: CalibrationSet | undefined
let loaded: ModelSession | undefined

async function answer(request: Request): Promise<unknown> {
  switch (request.type) {
    case 'data':
      evaluationSet = { inputs: request.inputs, truth: request.truth }
      return null
    case 'calibration':
      calibrationSet = { inputs: request.inputs, labels: request.labels }
      return null
    case 'evaluate': {
      if (evaluationSet === undefined) throw new Failure('ONNX_PROTOCOL', 'There is no data to evaluate with.')
      const prepared = await prepareModel(request.model, request.session)
      const session = await loadModel(prepared, request.session)
      try {
        const quality = await evaluateModel(session, evaluationSet, calibrationSet, request.settings)
        return { ...quality, metrics: { ...quality.metrics, modelBytes: prepared.size } }
      } finally {
        await session.release()
      }
    }
    case 'measure':
      return measureCost(request.model, request.session, request.inputs, request.settings)
    case 'probe':
      return probeProvider(request.provider)
    case 'load': {
      await loaded?.release()
      loaded = undefined
      loaded = await loadModel(await prepareModel(request.model, request.session), request.session)
      return null
    }
    case 'describe':
      return current().info
    case 'predict':
      return predict(current(), request)
  }
}

function current(): ModelSession {
  if (loaded === undefined) throw new Failure('ONNX_PROTOCOL', 'There is no model loaded.')
  return loaded
}

async function predict(session: ModelSession, request: Extract<Request, { readonly type: 'predict' }>): Promise<unknown> {
  const parts: NamedTensors[] = []
  for await (const { outputs } of session.batches(session.bind(request.inputs), request.batchSize)) parts.push(outputs)
  return Object.fromEntries(Object.keys(parts[0]!).map((name) => [name, joinRows(parts.map((part) => part[name]!))]))
}

async function handle(message: unknown): Promise<void> {
  const { id } = message as { readonly id: number }
  let response: Response
  try {
    const request = parseRequest(message)
    if (request === undefined) throw new Failure('ONNX_PROTOCOL', 'The request is malformed.')
    response = { id, ok: true, value: await answer(request) }
  } catch (error) {
    response = { id, ok: false, error: error instanceof Failure ? { code: error.code, message: [error.message, error.remedy].join(' ').trimEnd() } : { code: 'ONNX_RUN', message: messageOf(error) } }
  }
  process.send?.(response)
}

// Ctrl-C reaches the whole group: what becomes of an evaluation is for the parent to say.
process.on('SIGINT', () => undefined)
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'))
process.on('message', (message) => void handle(message))
// The same ending as this file: TypeScript from the sources, JavaScript from the package.
new Worker(import.meta.url.endsWith('.ts') ? new URL('./parent-watch.ts', import.meta.url) : new URL('./parent-watch.js', import.meta.url), { workerData: Number(process.argv[2]) })
