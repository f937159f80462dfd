import { spawn } from 'node:child_process'

/**
 * A stopped process cannot notice that its parent is gone. This one can: a shell that waits for the end of its input and then
 * kills the group of the stopped one. The answer ends the guard; the stopped processes must go on before.
 */
export function guardHeld(leader: number): () => void {
  const guard = spawn('/bin/sh', ['-c', 'trap "" INT TERM HUP; while read -r _; do :; done; kill -KILL "$1"', 'sh', String(-leader)], { stdio: ['pipe', 'ignore', 'ignore'], env: {} })
  // Without a shell, only a parent that is killed in this moment leaves the stopped process behind.
  guard.on('error', () => undefined)
  guard.stdin.on('error', () => undefined)
  guard.unref()
  ;(guard.stdin as { unref?(): void }).unref?.()
  return () => void guard.kill('SIGKILL')
}
