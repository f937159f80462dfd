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
  /** Those in which nothing else took the processor, if there are enough of them; otherwise all. */
  readonly sessions: readonly SessionTimes[]
  /** Of each run. */
  readonly rows: number
  /** True where other work took the processor in too many sessions. */
  readonly contended: boolean
}

/** An interval wider than this share of its median calls for more sessions: two measurements whose intervals are as narrow, and overlap, agree within a tenth. */
const wantedWidth = 0.05
const fewestRuns = 10
/** More sessions than were asked for, or more of the budget where other work took the processor. */
const most = 3

/**
 * Times runs in sessions that are loaded one after the other: the median of a session's runs is stable, but another session of the same model
 * lies elsewhere in memory and has another. `open` loads the model; its sessions are released here.
 * @param leastProcessor Share of the time that this process has to be on a processor for a session to count as undisturbed; 0 where it waits for another device.
 */
export async function timeRuns(open: () => Promise<ModelSession>, batchesFor: (session: ModelSession) => readonly NamedTensors[], settings: RunSettings, leastProcessor: number): Promise<TimedRuns> {
  const all: SessionTimes[] = []
  const quiet: SessionTimes[] = []
  let spent = 0
  let rows = 0
  const wantsMore = (): boolean => {
    if (all.length < settings.sessions) return true
    if (all.length >= most * settings.sessions) return false
    if (quiet.length < settings.sessions) return spent < most * settings.budget
    const { median, low, high } = medianInterval(quiet.map(({ times }) => quantile(times, 0.5)))
    return spent < settings.budget && high - low > wantedWidth * median
  }
  while (wantsMore()) {
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
      spent += now - start
      const told = { times: Float64Array.from(times).sort(), loadMs }
      all.push(told)
      if ((user + system) / 1000 >= leastProcessor * (now - before)) quiet.push(told)
    } finally {
      await session.release()
    }
  }
  const contended = quiet.length < settings.sessions
  return { sessions: contended ? all : quiet, rows, contended }
}
