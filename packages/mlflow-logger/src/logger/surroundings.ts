import { execFileSync } from 'node:child_process'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import type { Texts } from '../client/types.ts'

/** Milliseconds for git, which answers in a few. */
const gitDeadline = 2_000

/** Who runs what: the tags that MLflow's own client takes from its surroundings, as far as they can be known. */
export function surroundings(environment: { readonly [name: string]: string | undefined } = process.env, program: string = process.argv[1] ?? ''): Texts {
  const user = environment['LOGNAME'] ?? environment['USER'] ?? environment['USERNAME'] ?? userName()
  const commit = program === '' ? undefined : gitCommit(dirname(program))
  return {
    ...(user === undefined ? {} : { 'mlflow.user': user }),
    ...(program === '' ? {} : { 'mlflow.source.name': program }),
    'mlflow.source.type': 'LOCAL',
    ...(commit === undefined ? {} : { 'mlflow.source.git.commit': commit }),
  }
}

function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined // In a container the user may have no entry.
  }
}

/** Of the repository that the program stands in; undefined without one, or without git. */
function gitCommit(folder: string): string | undefined {
  try {
    const commit = execFileSync('git', ['rev-parse', 'HEAD'], { cwd: folder, timeout: gitDeadline, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
    return /^[0-9a-f]{40,64}$/.test(commit) ? commit : undefined
  } catch {
    return undefined // No repository, or no git.
  }
}
