/** Where ONNX Runtime can run a model. */
export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda' | 'tensorrt' | 'coreml' | 'dml'

export const executionProviders: readonly ExecutionProvider[] = ['cpu', 'webgpu', 'cuda', 'tensorrt', 'coreml', 'dml']

/** How much ONNX Runtime rewrites a graph when it loads it, from nothing to everything that it knows. */
export type GraphOptimizationLevel = 'disabled' | 'basic' | 'extended' | 'layout' | 'all'

export const graphOptimizationLevels: readonly GraphOptimizationLevel[] = ['disabled', 'basic', 'extended', 'layout', 'all']

/** How weights are stored; see `quantize` of `@attune/onnx-format`. */
export type Precision = 'float32' | 'float16' | 'int8'

export const precisions: readonly Precision[] = ['float32', 'float16', 'int8']
