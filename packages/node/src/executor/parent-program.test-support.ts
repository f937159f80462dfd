// A study in a process of its own. It says which children it has once they are busy, and then ends or is ended as its argument says.
import { spawn } from 'node:child_process'
import process from 'node:process'
import { constant, createStudy, float } from '@attune/core'
import { fromModule } from './from-module.ts'
import { processes } from './processes.ts'
import { ticks, until } from './studies.test-support.ts'

const [, , ending, evaluates] = process.argv
const executor = processes({ slots: 2 })
const study = await createStudy({ space: { x: float(-5, 5), after: constant('loop') }, executor, seed: 1 })
if (ending === 'close') {
  await study.optimize(fromModule(new URL('trainings.test-support.ts', import.meta.url), 'where'), { trials: 4 })
  console.log(JSON.stringify([...new Set(study.trials().map(({ metrics }) => metrics['pid']))]))
  await study.close()
  // Nothing is left that would keep this process alive.
} else if (ending === 'unwatched') {
  // What a child process is without anybody's care.
  const child = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: ['pipe', 'ignore', 'ignore'] })
  console.log(JSON.stringify([child.pid]))
} else if (ending === 'idle end') {
  await study.optimize(fromModule(new URL('trainings.test-support.ts', import.meta.url), 'where'), { trials: 4 })
  console.log(JSON.stringify([...new Set(study.trials().map(({ metrics }) => metrics['pid']))]))
  // The study is not closed: idle children do not keep this process alive.
} else if (ending === 'program') {
  const run = study.optimize(fromModule(new URL('trainings.test-support.ts', import.meta.url), 'startsProgram'), { trials: 1 })
  await until(() => study.trials()[0]?.attributes['pid'] !== undefined)
  const { pid, program } = study.trials()[0]!.attributes
  console.log(JSON.stringify([pid, program]))
  await run
} else {
  const run = study.optimize(fromModule(new URL('trainings.test-support.ts', import.meta.url), 'announces'), { trials: 2 })
  const pids = new Set<unknown>()
  await new Promise<void>((resolve) =>
    study.on((event) => {
      if (event.type === 'trial.reported') pids.add(study.trials()[event.trial.number]!.attributes['pid'])
      if (pids.size === 2) resolve()
    }),
  )
  const tell = (): void => console.log(JSON.stringify([...pids]))
  if (evaluates === 'held') {
    // Both have gone on after their report, into the endless loop.
    for (const pid of pids as Set<number>) {
      const before = ticks(pid)
      await until(() => ticks(pid) > before + 5)
    }
    // The children are stopped for as long as this lasts.
    void executor.exclusively!(async () => {
      tell()
      await new Promise(() => undefined)
    })
  } else tell()
  if (ending === 'exit') process.stdout.write('', () => process.exit(0))
  if (ending === 'throw') {
    setImmediate(() => {
      throw new Error('nobody catches this')
    })
  }
  await run
}
