import { execFile } from 'node:child_process'
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const source = fileURLToPath(new URL('..', import.meta.url))

it('works as JavaScript, as it is published: children are started from .js files', async () => {
  // Below the package, so that the built files find what they depend on.
  const built = mkdtempSync(join(source, '../node_modules/.built-'))
  try {
    for (const file of globSync('**/*.ts', { cwd: source, exclude: (path) => /\.test(-d|-support)?\.ts$/.test(path) })) {
      const target = join(built, file.replace(/ts$/, 'js'))
      mkdirSync(dirname(target), { recursive: true })
      writeFileSync(target, stripTypeScriptTypes(readFileSync(join(source, file), 'utf8')).replaceAll(/ from '(\..*?)\.ts'/g, " from '$1.js'"))
    }
    writeFileSync(join(built, 'package.json'), '{"type":"module"}')
    writeFileSync(join(built, 'train.js'), 'export const train = ({ params }) => ({ value: params.x, pid: process.pid })')
    writeFileSync(
      join(built, 'main.js'),
      `import { createStudy, float } from '@attune/core'
       import { fromModule } from './executor/from-module.js'
       import { processes } from './executor/processes.js'
       import { threads } from './executor/threads.js'
       for (const executor of [processes({ slots: 2 }), threads({ slots: 2 })]) {
         const study = await createStudy({ space: { x: float(0, 1) }, executor })
         await study.optimize(fromModule(new URL('./train.js', import.meta.url), 'train'), { trials: 4 })
         console.log(executor.id, study.counts.complete, study.trials().some(({ metrics }) => metrics.pid === process.pid))
         await study.close()
       }`,
    )
    const { stdout } = await promisify(execFile)(process.execPath, ['--conditions=attune-source', '--disable-warning=ExperimentalWarning', join(built, 'main.js')])
    expect(stdout).toBe('processes 4 false\nthreads 4 true\n')
  } finally {
    rmSync(built, { recursive: true })
  }
})
