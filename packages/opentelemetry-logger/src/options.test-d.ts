import { metrics, trace } from '@opentelemetry/api'
import type { LoggerFactory } from '@attune/core'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { MeterProvider } from '@opentelemetry/sdk-metrics'
import { expectTypeOf, test } from 'vitest'
import { openTelemetry } from './open-telemetry.ts'

test('takes what the API and the SDK have, and nothing else', () => {
  expectTypeOf(openTelemetry()).toEqualTypeOf<LoggerFactory>()
  expectTypeOf(openTelemetry({ tracer: trace.getTracer('x'), meter: metrics.getMeter('x') })).toEqualTypeOf<LoggerFactory>()
  expectTypeOf(openTelemetry({ tracerProvider: new BasicTracerProvider(), meterProvider: new MeterProvider(), attributes: { team: 'vision', gpu: 1 } })).toEqualTypeOf<LoggerFactory>()
  // @ts-expect-error A tracer is not a name.
  openTelemetry({ tracer: 'x' })
  // @ts-expect-error There is no such option.
  openTelemetry({ exporter: 1 })
})
