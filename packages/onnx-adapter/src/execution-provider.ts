/** Where ONNX Runtime can run a model. */
export type ExecutionProvider = 'cpu' | 'webgpu' | 'cuda' | 'tensorrt' | 'coreml' | 'dml'

export const executionProviders: readonly ExecutionProvider[] = ['cpu', 'webgpu', 'cuda', 'tensorrt', 'coreml', 'dml']

/** What helps where a provider cannot be used. */
export const providerRemedies: { readonly [name in ExecutionProvider]: string } = {
  cpu: 'Install onnxruntime-node again: npm install onnxruntime-node.',
  webgpu: 'It needs a graphics driver for Vulkan (Linux), Direct3D 12 (Windows) or Metal (macOS); VK_ICD_FILENAMES names a Vulkan driver that is not found by itself.',
  cuda: 'It needs Linux or Windows on x64, an NVIDIA driver, CUDA 12 and cuDNN 9 on the library path, and the libraries that the install script of onnxruntime-node downloads: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node.',
  tensorrt: 'It needs what cuda needs, and TensorRT 10 on the library path.',
  coreml: 'It exists on macOS.',
  dml: 'It exists on Windows, with a graphics card for DirectX 12.',
}

/** How much ONNX Runtime rewrites a graph when it loads it, from nothing to everything that it knows. */
export type GraphOptimizationLevel = 'disabled' | 'basic' | 'extended' | 'layout' | 'all'

export const graphOptimizationLevels: readonly GraphOptimizationLevel[] = ['disabled', 'basic', 'extended', 'layout', 'all']

/** How weights are stored; see `quantize` of `@attune/onnx-format`. */
export type Precision = 'float32' | 'float16' | 'int8'

export const precisions: readonly Precision[] = ['float32', 'float16', 'int8']
