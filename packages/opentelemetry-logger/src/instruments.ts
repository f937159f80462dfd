import type { Counter, Gauge, Histogram, Meter, UpDownCounter } from '@opentelemetry/api'

/** What is measured. Units as UCUM has them. */
export interface Instruments {
  readonly ended: Counter
  readonly requeued: Counter
  readonly reports: Counter
  readonly running: UpDownCounter
  readonly duration: Histogram
  readonly best: Gauge
}

export function instrumentsOf(meter: Meter): Instruments {
  return {
    ended: meter.createCounter('attune.trials', { unit: '{trial}', description: 'Trials that this process ran and that ended or paused, by state' }),
    requeued: meter.createCounter('attune.trials.requeued', { unit: '{trial}', description: 'Attempts that failed and are repeated' }),
    reports: meter.createCounter('attune.reports', { unit: '{report}', description: 'Reports of trials' }),
    running: meter.createUpDownCounter('attune.trials.running', { unit: '{trial}', description: 'Trials that run in this process' }),
    duration: meter.createHistogram('attune.trial.duration', {
      unit: 's',
      description: 'Time from the start of an attempt to its end',
      // The usual boundaries are meant for milliseconds of requests.
      advice: { explicitBucketBoundaries: [0.01, 0.1, 1, 5, 10, 30, 60, 300, 600, 1800, 3600, 14_400, 86_400] },
    }),
    best: meter.createGauge('attune.best.value', { description: 'Value of the best trial by the first objective, whoever ran it' }),
  }
}
