export { openEventWriter } from './event-writer.ts'
export type { EventWriter, EventWriterOptions } from './event-writer.ts'
export { readEvents } from './event-reader.ts'
export type { HParam, ScalarValue, SessionEndValue, SessionStartValue, SummaryEvent, SummaryValue, TensorBoardEvent, TextValue } from './event.ts'
