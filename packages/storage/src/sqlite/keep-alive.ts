import { Worker } from 'node:worker_threads'
import type { KeepAlive } from '@attune/core'

/** What a thread is to renew. */
export interface KeepAliveWork {
  /** The file, which is there. */
  readonly path: string
  /** The study's id. */
  readonly study: string
  /** What its tokens begin with, before a slash. */
  readonly session: string
  /** Length of a lease. */
  readonly milliseconds: number
}

export type KeepAliveMessage = { readonly type: 'forget'; readonly token: string } | { readonly type: 'stop' }

/** Beside this file, as TypeScript in the sources and as JavaScript in a release. */
const program = import.meta.url.endsWith('.ts') ? new URL('./keep-alive-thread.ts', import.meta.url) : new URL('./keep-alive-thread.js', import.meta.url)

/**
 * Renews leases from a thread of its own with a connection of its own, from the construction on: nothing of it waits for the event
 * loop of the thread that made it. The thread ends with the process, and never keeps it alive.
 */
export class KeepAliveThread implements KeepAlive {
  readonly #worker: Worker
  readonly #ended: Promise<void>

  /** Throws what Node throws where threads are not allowed. */
  constructor(work: KeepAliveWork) {
    const { path, milliseconds } = work
    this.#worker = new Worker(program, {
      name: 'attune leases',
      workerData: work,
      // The user's own preloads are not for it. Node has warned of what is experimental already.
      execArgv: ['--disable-warning=ExperimentalWarning'],
    })
    this.#ended = new Promise((resolve) => {
      this.#worker.once('exit', () => resolve())
    })
    this.#worker.on('message', (message: string) => {
      process.emitWarning(`Leases in ${path} could not be renewed for ${milliseconds} ms, and are tried on: others may take their trials by now. ${message}`, { code: 'ATTUNE_KEEP_ALIVE' })
    })
    this.#worker.on('error', (error) => {
      process.emitWarning(`The thread that renews leases in ${path} has ended: code that blocks the event loop for longer than the lease may lose its trial. ${String(error)}`, { code: 'ATTUNE_KEEP_ALIVE' })
    })
    // Last: a listener for messages keeps the process alive again.
    this.#worker.unref()
  }

  forget(token: string): void {
    this.#send({ type: 'forget', token })
  }

  stop(): Promise<void> {
    // Whoever waits for its end is to see it.
    this.#worker.ref()
    this.#send({ type: 'stop' })
    return this.#ended
  }

  #send(message: KeepAliveMessage): void {
    this.#worker.postMessage(message)
  }
}
