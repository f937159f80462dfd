import { appendFile, readFile } from 'node:fs/promises'
import { createStudy, float, sqlite, type LoggerFactory } from 'attune'

/** Appends a line to a file for each trial that ends. What the file has already is not written again. */
function lines(file: string): LoggerFactory {
  return {
    specVersion: 'v1',
    id: 'lines',
    async create() {
      const kept = await readFile(file, 'utf8').catch(() => '')
      const last = kept.trimEnd().split('\n').at(-1) ?? ''
      return {
        cursor: last === '' ? 0 : (JSON.parse(last) as { readonly revision: number }).revision,
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

const folder = process.argv[2] ?? '.'
for (const trials of [5, 10]) { // The second session goes on where the first one stopped.
  await using study = await createStudy({ space: { x: float(-1, 1) }, storage: sqlite(`${folder}/lines.db`), loggers: [lines(`${folder}/lines.jsonl`)], seed: 6, progress: false })
  await study.optimize(({ params }) => params.x ** 2, { trials })
}
console.log(await readFile(`${folder}/lines.jsonl`, 'utf8'))
