/**
 * A process that works on a study and logs it to a file that all processes share, as told on standard input: `run` until `stop`, `freeze` (with all its threads, until it is
 * continued from outside), `close`.
 * Arguments: folder, and `alone` for a logger that does not know that it shares its file.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createStudy, float, minimize, random, sqlite, type Logger, type LoggerFactory } from '../../packages/attune/src/index.ts'

const [folder = '', alone = ''] = process.argv.slice(2)
const file = `${folder}/log.txt`

/** Appends a line for each event: revision, type, process, and `…` where another event of the revision follows. */
function openLog(): Logger {
  const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n') : ['']
  lines.pop() // Empty, or torn.
  // A revision is kept once its last event is.
  while (lines.at(-1)?.endsWith('…') === true) lines.pop()
  writeFileSync(file, lines.map((line) => `${line}\n`).join(''))
  let kept = Number(lines.at(-1)?.split(' ')[0] ?? 0)
  let logged = 0
  return {
    get cursor() {
      return kept
    },
    log({ revision, type, more }) {
      appendFileSync(file, `${revision} ${type} ${process.pid}${more === true ? ' …' : ''}\n`)
      if (more !== true) kept = revision
      if (++logged % 50 === 0) process.stdout.write(`logged ${logged}\n`)
    },
    flush() {},
    close: () => void process.stdout.write('let go\n'),
  }
}

const log: LoggerFactory = { specVersion: 'v1', id: 'file', create: openLog }
const study = await createStudy({
  space: { x: float(0, 1) }, objective: minimize('loss'), sampler: random(), seed: 3, name: 'logged', lease: 3000, progress: false, storage: sqlite(`${folder}/study.db`),
  loggers: [alone === '' ? { ...log, shared: true } : log],
})
process.stdout.write('open\n')
let run: Promise<unknown> | undefined
let freezing = false
for await (const command of createInterface({ input: process.stdin })) {
  if (command === 'run') {
    run = study.optimize(async function* ({ params: { x } }) {
      for (let step = 1; step <= 3; step++) {
        await new Promise((resolve) => setTimeout(resolve, 2))
        // Here, where it holds no lock of the file: all writers would wait for it.
        if (freezing) process.kill(process.pid, 'SIGSTOP')
        freezing = false
        yield { step, loss: x / step }
      }
    }, { trials: 1_000_000 })
  } else if (command === 'stop') {
    study.stop()
    await run
  } else if (command === 'freeze') {
    freezing = true
  } else {
    await study.close()
    break
  }
  process.stdout.write(`${command}\n`)
}
process.stdin.destroy()
