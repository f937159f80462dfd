import { readFile } from 'node:fs/promises'

/** What the kernel knows of a process: when it started, in ticks since boot, and whether it still runs. */
export interface ProcessStat {
  readonly start: string
  /** True for a process that has ended and waits for its parent to notice. */
  readonly ended: boolean
}

/** Reads /proc/PID/stat; undefined if there is none: no such process, one that is hidden from us, or not Linux. */
export async function readProcessStat(pid: number | 'self'): Promise<ProcessStat | undefined> {
  try {
    return parseProcessStat(await readFile(`/proc/${pid}/stat`, 'latin1'))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH' || code === 'EACCES' || code === 'EPERM') return undefined
    throw error
  }
}

/** The name of a process, in parentheses, may hold spaces and parentheses: fields are counted after the last one (proc_pid_stat(5)). */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const state = fields[0]
  const start = fields[19]
  if (state === undefined || start === undefined || !/^\d+$/.test(start)) return undefined
  return { start, ended: state === 'Z' || state === 'X' || state === 'x' }
}

/** True if a process of this number exists, as far as the system tells: an error other than ESRCH means that it does. */
export function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
