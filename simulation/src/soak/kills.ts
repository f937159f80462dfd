import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Dice } from '../dice.ts'
import { checkFile, verify, type Said } from './verify.ts'

const program = fileURLToPath(new URL('./worker.ts', import.meta.url))
/** A study of this size is still opened in a fraction of a second by each of the workers that start in the place of killed ones. */
const trialsPerStudy = 5000
/** Kills between two looks at the file's integrity while others write to it. */
const killsPerCheck = 25

export interface KillOptions {
  readonly kills: number
  readonly trials: number
  readonly workers: number
  readonly seed: number
  readonly progress: (text: string) => void
}

export interface KillResult {
  readonly kills: number
  /** Kills of workers that were still starting. */
  readonly early: number
  readonly trials: number
  readonly studies: number
  readonly requeues: number
  readonly acknowledged: number
  readonly checks: number
  readonly seconds: number
  readonly problems: readonly string[]
}

interface Worker {
  readonly child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  open: boolean
}

/** Workers on one SQLite file, killed at random instants and started again, until all trials are there. */
export async function soakKills({ kills, trials, workers, seed, progress }: KillOptions): Promise<KillResult> {
  const folder = mkdtempSync(join(tmpdir(), 'attune-soak-'))
  const file = join(folder, 'soak.db')
  const dice = new Dice(seed)
  const began = performance.now()
  const problems: string[] = []
  const total = { kills: 0, early: 0, trials: 0, studies: 0, requeues: 0, acknowledged: 0, checks: 0 }
  const running = new Set<Worker>()

  async function study(index: number, goal: number, killsHere: number): Promise<void> {
    const said: Said = { done: new Map(), steps: new Map() }
    const name = `soak-${index}`
    let killed = 0
    let untilKill = 0
    const gap = (): number => Math.max(1, Math.floor(dice.between(0, (1.8 * goal) / (killsHere + 1))))

    const start = (): Worker => {
      const child = spawn(process.execPath, ['--conditions=attune-source', '--disable-warning=ExperimentalWarning', program, file, join(folder, 'artifacts'), name, String(goal)], {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, NODE_COMPILE_CACHE: join(folder, 'compiled') },
      })
      const worker: Worker = { child, open: false, ended: new Promise((resolve, reject) => child.once('error', reject).once('close', (code, signal) => resolve({ code, signal }))) }
      running.add(worker)
      let rest = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n')
        // A line that the kill cut off says nothing.
        rest = lines.pop() ?? ''
        for (const line of lines) heard(worker, line)
      })
      return worker
    }
    const heard = (worker: Worker, line: string): void => {
      const [word, number, a, b] = line.split(' ')
      if (word === 'open') worker.open = true
      if (word === 'step') said.steps.set(`${number} ${a}`, Number(b))
      if (word !== 'done') return
      if (said.done.has(Number(number))) problems.push(`${name}: trial ${number} was acknowledged twice`)
      said.done.set(Number(number), Number(a))
      if (--untilKill <= 0 && killed < killsHere) killOne()
    }
    const killOne = (): void => {
      // Mostly those that have trials; some while they start.
      const open = [...running].filter((worker) => worker.open)
      const worker = dice.pick(open.length > 0 && !dice.chance(0.1) ? open : [...running])
      untilKill = gap()
      const until = performance.now() + dice.between(0, 2)
      // Not a timer: the instant is to fall anywhere in what the worker does.
      while (performance.now() < until);
      if (!worker.child.kill('SIGKILL')) return
      killed++
      total.kills++
      if (!worker.open) total.early++
      if (total.kills % killsPerCheck === 0) {
        total.checks++
        problems.push(...checkFile(file))
      }
    }
    /** One place of work: whoever is killed there is followed by another. */
    const place = async (): Promise<void> => {
      for (;;) {
        const worker = start()
        const { code, signal } = await worker.ended
        running.delete(worker)
        progress(`${total.kills}/${kills} kills, ${total.trials + said.done.size}/${trials} trials, study ${index + 1}, ${problems.length} problems, ${((performance.now() - began) / 1000).toFixed(0)} s`)
        if (signal === 'SIGKILL') continue
        if (code !== 0) problems.push(`${name}: a worker ended by itself with ${code ?? signal}`)
        return
      }
    }
    untilKill = gap()
    await Promise.all(Array.from({ length: workers }, place))
    const verified = await verify(file, name, goal, said)
    problems.push(...verified.problems.map((problem) => `${name}: ${problem}`))
    total.studies++
    total.trials += goal
    total.requeues += verified.requeues
    total.acknowledged += verified.acknowledged
    total.checks++
  }

  try {
    const studies = Math.ceil(trials / trialsPerStudy)
    for (let index = 0; index < studies; index++) {
      const goal = Math.min(trialsPerStudy, trials - index * trialsPerStudy)
      await study(index, goal, Math.ceil((kills - total.kills) / (studies - index)))
    }
  } finally {
    for (const { child } of running) child.kill('SIGKILL')
    rmSync(folder, { recursive: true, force: true })
  }
  return { ...total, seconds: (performance.now() - began) / 1000, problems }
}
