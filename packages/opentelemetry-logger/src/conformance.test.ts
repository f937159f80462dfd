import { loggerSuite } from '@attune/testing'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { openTelemetry } from './open-telemetry.ts'

const passing = 'spans are handed to the SDK, which keeps nothing that could be asked what it has'

loggerSuite('openTelemetry', () => {
  const tracerProvider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(new InMemorySpanExporter())] })
  return { factory: () => openTelemetry({ tracerProvider }), dispose: () => tracerProvider.shutdown() }
}, {
  exempt: {
    'keeps every report': passing,
    'keeps reports in their order': passing,
    'writes everything when it is closed without a flush': passing,
    'keeps two studies apart': passing,
    'follows a real study, over a restart': passing,
    'says so when its tracker cannot be written': 'a collector that is down is the business of the exporter, which tells the SDK',
  },
})
