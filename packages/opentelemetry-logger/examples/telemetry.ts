import { createStudy, float, minimize } from '@attune/core'
import { openTelemetry } from '@attune/opentelemetry-logger'
import { AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'

// In a program that has an SDK already, `openTelemetry()` is all. Here spans and metrics stay in memory instead of going to a collector.
const spans = new InMemorySpanExporter()
const measurements = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] })
const meterProvider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter: measurements })] })

const study = await createStudy({
  name: 'curves',
  space: { learningRate: float(1e-3, 1, { scale: 'log' }) },
  objective: minimize('loss'),
  loggers: [openTelemetry({ tracerProvider, meterProvider, attributes: { team: 'vision' } })],
  seed: 7,
})
await study.optimize(async function* ({ params: { learningRate } }) {
  for (let epoch = 1; epoch <= 3; epoch++) yield { step: epoch, loss: Math.abs(Math.log10(learningRate) + 2) + 1 / epoch }
}, { trials: 10 })
await study.close()

for (const { name, attributes } of spans.getFinishedSpans().slice(-2)) console.log(name, attributes['attune.trial.number'] ?? '', attributes['attune.trial.state'] ?? attributes['attune.study.stop_reason'])
console.log(measurements.getMetrics().at(-1)?.scopeMetrics[0]?.metrics.map(({ descriptor }) => descriptor.name).join(', '))
await Promise.all([tracerProvider.shutdown(), meterProvider.shutdown()])
