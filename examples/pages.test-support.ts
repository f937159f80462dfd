import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const here = fileURLToPath(new URL('.', import.meta.url))

/** Runs the first program of a page of docs/ in a folder, as it stands there; then two trials of the `study` that it makes. */
export async function runFirstBlock(page: string, folder: string, variables: { readonly [name: string]: string } = {}): Promise<{ readonly code: unknown; readonly errors: string }> {
  const text = await readFile(new URL(`../docs/${page}`, import.meta.url), 'utf8')
  const block = /```ts\n(.*?)```/s.exec(text)?.[1]
  if (block === undefined) throw new Error(`docs/${page} has no program`)
  // Packages are found from here; what the program writes goes into the folder.
  const program = `process.chdir(${JSON.stringify(folder)})\n${block}\nawait study.optimize(({ params }) => Object.values(params)[0], { trials: 2 })\nif (study.counts.complete !== 2) throw new Error('The study has no two trials.')\nawait study.close()\n`
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MLFLOW_')))
  const child = spawn(process.execPath, ['--conditions=attune-source', '--input-type=module-typescript', '--eval', program], { cwd: here, env: { ...inherited, ...variables }, stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (data: string) => (errors += data))
  const [code] = (await once(child, 'close')) as [unknown]
  return { code, errors }
}
