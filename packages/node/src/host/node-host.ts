import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Host } from '@attune/core'
import { parseProcessStat, processExists, readProcessStat } from './process-start.ts'

/** A runner's name, taken apart. */
interface Identity {
  /** Where process numbers mean the same: the machine, since it was booted, and the container. */
  readonly place: string
  readonly pid: number
  /** When the process started: tells it from a later one of the same number. */
  readonly start: string
}

/**
 * This process, as studies know the runners of trials: host, process id and start time. It knows of runners on this machine
 * whether they have ended: their process is gone, is a zombie, or its number belongs to a process that started at another time.
 * Of other machines, other containers, an earlier boot and whatever it cannot read it says that they are not known to be gone:
 * their trials are freed when their leases end.
 */
export function nodeHost(): Host {
  const self: Identity = { place: place(), pid: process.pid, start: ownStart() }
  return {
    specVersion: 'v1',
    identity: format(self),
    async isGone(identity) {
      const other = parse(identity)
      if (other === undefined || other.place !== self.place) return false
      // Outside Linux the start is only about right, and this process lives: a difference proves nothing.
      if (other.pid === self.pid) return linuxStart.test(self.start) && linuxStart.test(other.start) && other.start !== self.start
      const stat = await readProcessStat(other.pid)
      if (stat !== undefined) return stat.ended || (linuxStart.test(other.start) && stat.start !== other.start)
      // No entry: gone, hidden from us, or a system without /proc, where a used-again number cannot be told.
      return !processExists(other.pid)
    },
  }
}

const linuxStart = /^\d+$/

function format({ place, pid, start }: Identity): string {
  return `${place}/${pid}/${start}`
}

function parse(identity: string): Identity | undefined {
  const [, place, digits, start] = /^(.+)\/(\d{1,10})\/([\w.]+)$/.exec(identity) ?? []
  const pid = Number(digits)
  return place === undefined || start === undefined || !Number.isSafeInteger(pid) || pid < 1 ? undefined : { place, pid, start }
}

/** Host name, and on Linux a hash of boot and process-number namespace: containers may share a host name, and numbers begin anew at each boot. */
function place(): string {
  const marks = [read(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8')), read(() => readlinkSync('/proc/self/ns/pid'))]
  const host = hostname().replaceAll('/', '_') || 'unnamed'
  if (marks.every((mark) => mark === undefined)) return host
  return `${host}/${createHash('sha256').update(marks.join(' ')).digest('hex').slice(0, 12)}`
}

/** Ticks since boot on Linux; elsewhere the second in which the process started, marked by a letter. */
function ownStart(): string {
  const stat = read(() => readFileSync('/proc/self/stat', 'latin1'))
  const start = stat === undefined ? undefined : parseProcessStat(stat)?.start
  return start ?? `s${Math.round((Date.now() - process.uptime() * 1000) / 1000)}`
}

/** Undefined where the file does not exist or may not be read, as on systems without /proc. */
function read(reader: () => string): string | undefined {
  try {
    return reader()
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    return undefined
  }
}
