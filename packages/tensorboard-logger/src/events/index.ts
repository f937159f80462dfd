export { openEventWriter } from './event-writer.ts'
export type { EventWriter, EventWriterOptions } from './event-writer.ts'
export { readEvents } from './event-reader.ts'
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
