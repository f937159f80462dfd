import type { CostSettings } from './cost/cost-settings.ts'
import type { ExecutionProvider, GraphOptimizationLevel, Precision } from './execution-provider.ts'
import type { Quality, QualitySettings } from './quality/meter.ts'
import type { Truth } from './quality/quality-meter.ts'
import { isSingleTensor, tensorProblem, type ModelInputs, type TensorData } from './tensor-data.ts'

/** How a model is run. */
export interface SessionSettings {
  readonly executionProviders: readonly ExecutionProvider[]
  readonly intraOpThreads: number
  readonly graphOptimizationLevel: GraphOptimizationLevel
  /** Weights are stored so before the model is loaded. */
  readonly precision: Precision
  /** The one directory that external data may be read from. */
  readonly externalDirectory: string | undefined
  /** Of the model and its external data. */
  readonly maxModelBytes: number
}

export interface EvaluationSettings {
  readonly quality: QualitySettings
  readonly output: string | undefined
  readonly batchSize: number
}

/** What the parent asks. One request at a time. */
export type RequestBody =
  | { readonly type: 'data'; readonly inputs: ModelInputs; readonly truth: Truth }
  | { readonly type: 'calibration'; readonly inputs: ModelInputs; readonly labels: Int32Array }
  | { readonly type: 'evaluate'; readonly model: Uint8Array; readonly session: SessionSettings; readonly settings: EvaluationSettings }
  | { readonly type: 'measure'; readonly model: Uint8Array; readonly session: SessionSettings; readonly inputs: ModelInputs; readonly settings: CostSettings }
  | { readonly type: 'probe'; readonly provider: ExecutionProvider }
  | { readonly type: 'load'; readonly model: Uint8Array; readonly session: SessionSettings }
  | { readonly type: 'describe' }
  | { readonly type: 'predict'; readonly inputs: ModelInputs; readonly batchSize: number }

export type Request = RequestBody & { readonly id: number }

export type Response =
  | { readonly id: number; readonly ok: true; readonly value: unknown }
  | { readonly id: number; readonly ok: false; readonly error: { readonly code: string; readonly message: string } }

/** One input or output of a model. Dimensions that vary have a name instead of a size. */
export interface TensorInfo {
  readonly name: string
  readonly type: string
  readonly shape: readonly (number | string)[]
}

/** What a model takes and answers. */
export interface ModelInfo {
  readonly inputs: readonly TensorInfo[]
  readonly outputs: readonly TensorInfo[]
}

/** What a child prints before it ends itself because it took too much memory; the number of bytes follows. */
export const memoryLimitPassed = 'attune: the memory limit was passed:'

/** The request in a message, or undefined if it is none. */
export function parseRequest(message: unknown): Request | undefined {
  if (!isRecord(message) || typeof message['id'] !== 'number') return undefined
  const hasModel = message['model'] instanceof Uint8Array && isRecord(message['session'])
  const valid =
    (message['type'] === 'data' && areInputs(message['inputs']) && isRecord(message['truth'])) ||
    (message['type'] === 'calibration' && areInputs(message['inputs']) && message['labels'] instanceof Int32Array) ||
    (message['type'] === 'evaluate' && hasModel && isRecord(message['settings'])) ||
    (message['type'] === 'measure' && hasModel && areInputs(message['inputs']) && isRecord(message['settings'])) ||
    (message['type'] === 'probe' && typeof message['provider'] === 'string') ||
    (message['type'] === 'load' && hasModel) ||
    message['type'] === 'describe' ||
    (message['type'] === 'predict' && areInputs(message['inputs']) && typeof message['batchSize'] === 'number')
  return valid ? (message as unknown as Request) : undefined
}

/** The response in a message, or undefined if it is none. Its value is checked by whoever asked. */
export function parseResponse(message: unknown): Response | undefined {
  if (!isRecord(message) || typeof message['id'] !== 'number') return undefined
  if (message['ok'] === true && 'value' in message) return { id: message['id'], ok: true, value: message['value'] }
  const error = message['error']
  if (message['ok'] !== false || !isRecord(error) || typeof error['code'] !== 'string' || typeof error['message'] !== 'string') return undefined
  return { id: message['id'], ok: false, error: { code: error['code'], message: error['message'] } }
}

export function isModelInfo(value: unknown): value is ModelInfo {
  const areInfos = (list: unknown): boolean =>
    Array.isArray(list) && list.every((info: unknown) => isRecord(info) && typeof info['name'] === 'string' && typeof info['type'] === 'string' && Array.isArray(info['shape']))
  return isRecord(value) && areInfos(value['inputs']) && areInfos(value['outputs'])
}

export function areMetrics(value: unknown): value is { readonly [metric: string]: number } {
  return isRecord(value) && Object.values(value).every((metric) => typeof metric === 'number')
}

export function isQuality(value: unknown): value is Quality {
  return isRecord(value) && areMetrics(value['metrics']) && [value['report'], value['fit']].every((part) => part === undefined || isRecord(part))
}

/** What a probe tells of an execution provider. */
export interface ProbeAnswer {
  readonly bundled: boolean
  /** Why it cannot be used; null if it can. */
  readonly problem: string | null
}

export function isProbeAnswer(value: unknown): value is ProbeAnswer {
  return isRecord(value) && typeof value['bundled'] === 'boolean' && (value['problem'] === null || typeof value['problem'] === 'string')
}

export function areTensors(value: unknown): value is { readonly [name: string]: TensorData } {
  return isRecord(value) && Object.values(value).every((tensor) => tensorProblem(tensor) === undefined)
}

function areInputs(value: unknown): value is ModelInputs {
  if (!isRecord(value)) return false
  return isSingleTensor(value as unknown as ModelInputs) ? tensorProblem(value) === undefined : areTensors(value)
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)
}
