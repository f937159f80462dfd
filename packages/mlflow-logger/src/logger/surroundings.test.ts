import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { surroundings } from './surroundings.ts'

it('who runs what is told as the clients of MLflow tell it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'attune-surroundings-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const git = (...args: readonly string[]): string => execFileSync('git', ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args], { cwd: folder, encoding: 'utf8' }).trim()
  git('init', '--quiet')
  git('commit', '--quiet', '--allow-empty', '--message', 'Begin')
  const program = join(folder, 'program.js')
  expect(surroundings({ LOGNAME: 'ada' }, program)).toEqual({ 'mlflow.user': 'ada', 'mlflow.source.name': program, 'mlflow.source.type': 'LOCAL', 'mlflow.source.git.commit': git('rev-parse', 'HEAD') })
})

it('what cannot be known is left out', () => {
  const program = join(tmpdir(), 'no such folder', 'program.js')
  expect(surroundings({ USER: 'ada' }, program)).toEqual({ 'mlflow.user': 'ada', 'mlflow.source.name': program, 'mlflow.source.type': 'LOCAL' })
  expect(surroundings({ USER: 'ada' }, '')).toEqual({ 'mlflow.user': 'ada', 'mlflow.source.type': 'LOCAL' })
})
