import { performance } from 'node:perf_hooks'
import process from 'node:process'
import type { RunSettings } from '../../cost/cost-settings.ts'
import { medianInterval } from '../../cost/median-interval.ts'
import { quantile } from '../../quantile.ts'
import type { ModelSession, NamedTensors } from '../model-session.ts'

/** What one session tells. */
export interface SessionTimes {
  /** Milliseconds of each run, sorted. */
  readonly times: Float64Array
  readonly loadMs: number
}

/** Runs of several sessions. */
export interface TimedRuns {
  readonly sessions: readonly SessionTimes[]
  /** Of each run. */
  readonly rows: number
  /** Share of the time in which this process was on a processor while it ran the model. */
  readonly processorShare: number
}

/** An interval wider than this share of its median calls for more sessions. */
const wantedWidth = 0.1
const fewestRuns = 10

/**
 * Times runs in sessions that are loaded one after the other: the median of a session's runs is stable, but another session of the same model
 * lies elsewhere in memory and has another. `open` loads the model; its sessions are released here.
 */
export async function timeRuns(open: () => Promise<ModelSession>, batchesFor: (session: ModelSession) => readonly NamedTensors[], settings: RunSettings): Promise<TimedRuns> {
  const sessions: SessionTimes[] = []
  let spent = 0
  let measured = 0
  let processor = 0
  let rows = 0
  const isSettled = (): boolean => {
    const { median, low, high } = medianInterval(sessions.map(({ times }) => quantile(times, 0.5)))
    return high - low <= wantedWidth * median
  }
  while (sessions.length < settings.sessions || (sessions.length < 3 * settings.sessions && spent < settings.budget && !isSettled())) {
    const beforeLoad = performance.now()
    const session = await open()
    const loadMs = performance.now() - beforeLoad
    try {
      const batches = batchesFor(session)
      rows = Object.values(batches[0]!)[0]!.dims[0]!
      const share = settings.budget / settings.sessions
      const start = performance.now()
      // The first run allocates; it is never measured.
      for (let run = 0; run <= settings.warmUp && (run === 0 || performance.now() - start < share / 4); run++) await session.run(batches[run % batches.length]!)
      const times: number[] = []
      const before = performance.now()
      const processorBefore = process.cpuUsage()
      let now = before
      while (times.length < settings.runs && (times.length < fewestRuns || now - before < share)) {
        const batch = batches[times.length % batches.length]!
        const from = performance.now()
        await session.run(batch)
        now = performance.now()
        times.push(now - from)
      }
      const { user, system } = process.cpuUsage(processorBefore)
      processor += (user + system) / 1000
      measured += now - before
      spent += now - start
      sessions.push({ times: Float64Array.from(times).sort(), loadMs })
    } finally {
      await session.release()
    }
  }
  return { sessions, rows, processorShare: processor / measured }
}
