import type { Clock } from './contracts/clock.ts'
import type { Host } from './contracts/host.ts'

/** The machine's clock: the only place where core reads one. */
export const systemClock: Clock = Object.freeze({
  specVersion: 'v1' as const,
  now: () => new Date().getTime(),
  schedule(milliseconds: number, callback: () => void, keepAlive = false): () => void {
    // Longer delays overflow the timers of every engine and fire at once.
    const timer = setTimeout(callback, Math.min(milliseconds, 0x7fffffff)) as unknown as { unref?: () => void }
    if (!keepAlive) timer.unref?.()
    return () => clearTimeout(timer as unknown as Parameters<typeof clearTimeout>[0])
  },
})

/** An unguessable name of 128 random bits. */
export function randomName(): string {
  return Array.from(crypto.getRandomValues(new Uint32Array(4)), (word) => word.toString(16).padStart(8, '0')).join('')
}

/** A runner that nobody can ask about: its trials are freed when their leases end. */
export function anonymousHost(): Host {
  return { specVersion: 'v1', identity: `anonymous/${randomName()}`, isGone: () => false }
}
