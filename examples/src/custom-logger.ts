import { existsSync, mkdirSync } from 'node:fs'
import { appendFile, readFile } from 'node:fs/promises'
import { createStudy, float, sqlite, type LoggerFactory } from 'attune'

/** Appends a line to a file for each trial that ends. What the file has already is not written again. */
function lines(file: string): LoggerFactory {
  return {
    specVersion: 'v1',
    id: 'lines',
    async create() {
      const last = existsSync(file) ? (await readFile(file, 'utf8')).trimEnd().split('\n').at(-1)! : ''
      return {
        cursor: last === '' ? 0 : (JSON.parse(last) as { readonly revision: number }).revision, // Events up to here are not sent again.
        async log(event) {
          if (event.type !== 'trial.completed' && event.type !== 'trial.failed') return
          const { number, state, value, params } = event.trial
          await appendFile(file, `${JSON.stringify({ revision: event.revision, number, state, value, params })}\n`)
        },
        flush() {},
        close() {},
      }
    },
  }
}

const folder = process.argv[2] ?? 'out/custom-logger'
mkdirSync(folder, { recursive: true })
for (const trials of [5, 10]) { // Two sessions on one study: the second goes on where the first stopped, and so does its logger.
  await using study = await createStudy({ space: { x: float(-1, 1) }, storage: sqlite(`${folder}/study.db`), loggers: [lines(`${folder}/trials.jsonl`)], seed: 6, progress: false })
  await study.optimize(({ params }) => params.x ** 2, { trials })
}
console.log(`${folder}/trials.jsonl:\n${await readFile(`${folder}/trials.jsonl`, 'utf8')}`)
