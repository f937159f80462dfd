export { exportOnnx, type ExportOnnxOptions } from './export-onnx.ts'
export type { ExportOrigin } from './origin.ts'
