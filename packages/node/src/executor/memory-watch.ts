import { readFileSync } from 'node:fs'

/** Milliseconds between two looks at how much memory a child uses. */
const interval = 200

/** Bytes of memory that a process holds, where /proc tells; undefined elsewhere, and once it is gone. */
export function residentBytes(pid: number): number | undefined {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readProc(`/proc/${pid}/status`) ?? '')?.[1]
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}

/** Calls `exceeded` once when the process holds more than that, with how much it was; the answer ends the watch. */
export function watchMemory(pid: number, limitBytes: number, exceeded: (bytes: number) => void): () => void {
  const timer = setInterval(() => {
    const bytes = residentBytes(pid)
    if (bytes === undefined || bytes <= limitBytes) return
    clearInterval(timer)
    exceeded(bytes)
  }, interval)
  timer.unref()
  return () => clearInterval(timer)
}

/** How many processes the kernel has ended for memory so far, in this container or on this machine; undefined where nothing tells. */
export function kernelKills(): number | undefined {
  const ours = cgroupEvents().flatMap((path) => /^oom_kill (\d+)$/m.exec(readProc(path) ?? '')?.[1] ?? [])
  const machine = /^oom_kill (\d+)$/m.exec(readProc('/proc/vmstat') ?? '')?.[1]
  const counts = machine === undefined ? ours : [...ours, machine]
  return counts.length === 0 ? undefined : counts.reduce((sum, count) => sum + Number(count), 0)
}

/** Where cgroups of version 2 and 1 count what they have ended for memory. */
function cgroupEvents(): readonly string[] {
  const lines = (readProc('/proc/self/cgroup') ?? '').split('\n')
  return lines.flatMap((line) => {
    const [, controllers, path = ''] = line.split(':')
    if (controllers === '') return [`/sys/fs/cgroup${path}/memory.events`, '/sys/fs/cgroup/memory.events']
    return controllers?.split(',').includes('memory') === true ? [`/sys/fs/cgroup/memory${path}/memory.oom_control`, '/sys/fs/cgroup/memory/memory.oom_control'] : []
  })
}

/** Undefined where the file does not exist or may not be read, as on systems without /proc. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error
    return undefined
  }
}
