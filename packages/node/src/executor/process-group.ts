import process from 'node:process'

/** True where a child process leads a group of its own, which what it starts belongs to as well. */
export const leadsGroup: boolean = process.platform !== 'win32'

/** Sends a signal to a child process and to all that it has started, but for what has left its group. */
export function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(leadsGroup ? -leader : leader, signal)
  } catch {
    // Nobody is left in it.
  }
}
