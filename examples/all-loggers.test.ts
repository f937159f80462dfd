// Loggers that need no server, all at once: in every order, and each broken in turn. With MLflow: all-loggers.mlflow.test.ts.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { openTelemetry } from '@attune/opentelemetry-logger'
import { tensorboard } from '@attune/tensorboard-logger'
import { BasicTracerProvider, SimpleSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base'
import { jsonl, progress, type LoggerFactory } from 'attune'
import { describe, expect, it } from 'vitest'
import { broken, expectKept, faults, loggerNames, makeTrackers, outcome, runStudy, type LoggerName, type Trackers } from './all-loggers.test-support.ts'

const names = loggerNames.filter((name) => name !== 'mlflow')

function permutations<T>(items: readonly T[]): readonly (readonly T[])[] {
  return items.length < 2 ? [items] : items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]))
}

/** The study as it is without any logger. */
const alone = await runStudy([])

it('the study of these tests has trials that are complete, pruned and failed', () => {
  expect(new Set(alone.study.trials().map(({ state }) => state))).toEqual(new Set(['complete', 'pruned', 'failed']))
})

it.each(permutations(names).map((order) => [order.join(', '), order] as const))('%s: each has everything', async (_, order) => {
  await using trackers = await makeTrackers()
  const ran = await runStudy(order.map((name) => trackers.factories[name]))
  expect(outcome(ran)).toEqual(outcome(alone))
  expect(ran.warnings).toEqual([])
  await expectKept(trackers, order, ran)
})

describe('P13: one of several loggers breaks; the study and the other loggers do not notice', () => {
  // At once, because what hangs is waited for: ten seconds when a run ends, and again when the study is closed.
  it.concurrent.each(Object.keys(faults))('it %s', { timeout: 300_000 }, async (fault) => {
    await Promise.all(names.map(async (name) => {
      await using trackers = await makeTrackers()
      const ran = await runStudy(names.map((each) => (each === name ? broken(trackers.factories[each], fault) : trackers.factories[each])))
      expect(outcome(ran)).toEqual(outcome(alone))
      await expectKept(trackers, names.filter((each) => each !== name), ran)
      // Whatever is said is said of the broken one.
      expect(ran.warnings.filter((warning) => !warning.includes(trackers.factories[name].id))).toEqual([])
      if (fault !== 'hangs when it is flushed') expect({ name, warned: ran.warnings.length > 0 }).toEqual({ name, warned: true })
    }))
  })
})

/** An exporter that fails in one of the ways of real ones. */
function exporter(way: 'throws' | 'fails' | 'hangs'): SpanExporter {
  return {
    export: (_, done) => {
      if (way === 'throws') throw new Error('the collector is gone')
      if (way === 'fails') done({ code: 1, error: new Error('the collector is gone') })
    },
    shutdown: () => Promise.resolve(),
    forceFlush: () => (way === 'hangs' ? new Promise(() => undefined) : Promise.resolve()),
  }
}

describe('P13: what a logger writes to breaks for real; the study and the other loggers do not notice', () => {
  async function check(name: LoggerName, make: (trackers: Trackers) => LoggerFactory, during?: (trackers: Trackers, trial: number) => Promise<void>): Promise<readonly string[]> {
    await using trackers = await makeTrackers()
    const ran = await runStudy(names.map((each) => (each === name ? make(trackers) : trackers.factories[each])), (trial) => during?.(trackers, trial) ?? Promise.resolve())
    expect(outcome(ran)).toEqual(outcome(alone))
    await expectKept(trackers, names.filter((each) => each !== name), ran)
    return ran.warnings
  }

  it.concurrent('the terminal of the progress display is closed', async () => {
    const stream = new PassThrough()
    await check('progress', () => progress({ stream, live: false, environment: {} }), async (_, trial) => {
      if (trial === 2) stream.destroy(new Error('EPIPE'))
    })
  })

  it.concurrent.each(['throws', 'fails', 'hangs'] as const)('the exporter of OpenTelemetry %s', { timeout: 300_000 }, async (way) => {
    await check('openTelemetry', () => openTelemetry({ tracerProvider: new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter(way))] }) }))
  })

  it.concurrent.each(['jsonl', 'tensorboard'] as const)('the folder of %s is deleted', async (name) => {
    const warnings = await check(name, (trackers) => trackers.factories[name], async (trackers, trial) => {
      if (trial === 2) await rm(join(trackers.folder, name), { recursive: true, maxRetries: 10 }) // the logger may write into it meanwhile
    })
    expect(warnings.length).toBeGreaterThan(0)
  })

  it.concurrent.for(['jsonl', 'tensorboard'] as const)('the disk of %s is full', { timeout: 300_000 }, async (name, { skip }) => {
    const disk = mkdtempSync(join(tmpdir(), 'attune-disk-'))
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', disk], { stdio: 'ignore' })
    } catch {
      rmSync(disk, { recursive: true })
      return skip('this machine does not allow to mount a small disk')
    }
    try {
      const warnings = await check(name, () => (name === 'jsonl' ? jsonl({ folder: disk }) : tensorboard({ logDir: disk })), async (_, trial) => {
        if (trial === 2) await writeFile(join(disk, 'filler'), new Uint8Array(100_000)).catch(() => undefined) // As much as there is room for.
      })
      expect(warnings).toContainEqual(expect.stringMatching(/no space left on device/i))
    } finally {
      execFileSync('umount', ['-l', disk])
      rmSync(disk, { recursive: true })
    }
  })
})
