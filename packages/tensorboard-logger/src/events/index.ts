export { openEventWriter } from './event-writer.ts'
export type { EventWriter, EventWriterOptions, NewEvent } from './event-writer.ts'
export { histogramBuckets } from './histogram.ts'
export { encodePng, pngImage } from './image.ts'
export { readEvents } from './event-reader.ts'
export type { ReadOptions } from './event-reader.ts'
export { listRuns, readRun } from './run-reader.ts'
export type { RunFolder } from './run-reader.ts'
export { loadRun } from './run-data.ts'
export type { RunData, RunPoint, ScalarSeries } from './run-data.ts'
export type {
  ExperimentValue,
  HistogramBucket,
  HistogramValue,
  HParam,
  HParamInfo,
  ImageValue,
  MetricInfo,
  OtherValue,
  ScalarValue,
  SessionEndValue,
  SessionStartValue,
  SummaryEvent,
  SummaryValue,
  TensorBoardEvent,
  TensorData,
  TensorValue,
  TextValue,
} from './event.ts'
