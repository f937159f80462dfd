/** Work in an order of its own: one piece at a time. */
export interface Lane {
  /** Whether there is something to do. */
  readonly waiting: boolean
  /** Whether there is so much that it should not wait for the next tick. */
  readonly full: boolean
  /** Does some of it, and takes it out once it is done. A rejection means: try the same again later. `failures` in a row came before. */
  work(failures: number): Promise<void>
}

export interface SchedulerOptions {
  /** Lanes that work at the same time. */
  readonly concurrency: number
  /** Milliseconds that work is gathered before it starts. */
  readonly gather: number
  /** Told of each failure, with how many came in a row over all lanes. */
  onFailure(error: unknown, inARow: number): void
}

/** Failures in a row, over all lanes, from which on it is the server: then one lane at a time tries. */
const serverIsDown = 3
const firstWait = 250
const longestWait = 30_000
/** While somebody waits for the end of the work. */
const longestHurriedWait = 1_000

/**
 * Runs lanes beside each other and each in its order. A lane that fails waits, longer each time, while others go on; if all fail, one tries for
 * all. It goes on for ever, until it is closed. Its timers do not keep a process alive.
 */
export class Scheduler {
  readonly #options: SchedulerOptions
  /** To start with the next tick. */
  readonly #gathering = new Set<Lane>()
  readonly #ready = new Set<Lane>()
  /** That failed, and when they may try again. */
  readonly #waiting = new Map<Lane, number>()
  readonly #failures = new WeakMap<Lane, number>()
  readonly #working = new Set<Lane>()
  #inARow = 0
  #notBefore = 0
  #hurries = 0
  #closed = false
  #tick: NodeJS.Timeout | undefined
  #retry: { readonly timer: NodeJS.Timeout; readonly at: number } | undefined

  constructor(options: SchedulerOptions) {
    this.#options = options
  }

  /** Whether the last thing that was tried failed. */
  get failing(): boolean {
    return this.#inARow > 0
  }

  /** Says that a lane has work. */
  wake(lane: Lane): void {
    if (this.#closed || !lane.waiting || this.#working.has(lane) || this.#ready.has(lane) || this.#waiting.has(lane)) return
    if (this.#hurries > 0 || lane.full) {
      this.#gathering.delete(lane)
      this.#ready.add(lane)
      this.#start()
      return
    }
    this.#gathering.add(lane)
    this.#tick ??= setTimeout(() => {
      this.#tick = undefined
      this.#release()
    }, this.#options.gather).unref()
  }

  /** What failed is tried at once. Until the answer is called, nothing is gathered, and waits after failures are short: somebody waits for the end. */
  hurry(): () => void {
    this.#hurries++
    for (const lane of this.#waiting.keys()) this.#waiting.set(lane, 0)
    this.#notBefore = 0
    this.#release()
    let over = false
    return () => {
      if (!over) this.#hurries--
      over = true
    }
  }

  /** Starts nothing more. What is under way ends by itself. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#tick)
    clearTimeout(this.#retry?.timer)
    for (const set of [this.#gathering, this.#ready, this.#waiting]) set.clear()
  }

  #release(): void {
    for (const lane of this.#gathering) this.#ready.add(lane)
    this.#gathering.clear()
    this.#start()
  }

  /** How many lanes may work now. */
  get #limit(): number {
    return this.#inARow >= serverIsDown ? 1 : this.#options.concurrency
  }

  #start(): void {
    if (this.#closed) return
    const now = Date.now()
    for (const [lane, at] of this.#waiting) {
      if (at > now) continue
      this.#waiting.delete(lane)
      this.#ready.add(lane)
    }
    if (this.#inARow < serverIsDown || this.#notBefore <= now) {
      for (const lane of this.#ready) {
        if (this.#working.size >= this.#limit) break
        this.#ready.delete(lane)
        void this.#run(lane)
      }
    }
    this.#startLater()
  }

  async #run(lane: Lane): Promise<void> {
    this.#working.add(lane)
    try {
      await lane.work(this.#failures.get(lane) ?? 0)
      this.#failures.delete(lane)
      // Whoever failed while the server was down need not wait any longer.
      if (this.#inARow >= serverIsDown) for (const each of this.#waiting.keys()) this.#waiting.set(each, 0)
      this.#inARow = 0
      this.#working.delete(lane)
      this.wake(lane)
    } catch (error) {
      this.#working.delete(lane)
      const failures = (this.#failures.get(lane) ?? 0) + 1
      this.#failures.set(lane, failures)
      this.#inARow++
      if (!this.#closed) {
        this.#waiting.set(lane, Date.now() + this.#wait(failures))
        this.#notBefore = Date.now() + this.#wait(this.#inARow)
        this.#options.onFailure(error, this.#inARow)
      }
    }
    this.#start()
  }

  /** Doubles, with a random part, so that many processes do not come at once. */
  #wait(failures: number): number {
    const longest = this.#hurries > 0 ? longestHurriedWait : longestWait
    return Math.min(longest, firstWait * 2 ** Math.min(failures, 20)) * (0.5 + Math.random() / 2)
  }

  /** Where nothing else will: a lane that ends starts the next one. */
  #startLater(): void {
    if (this.#working.size >= this.#limit) return
    const down = this.#inARow >= serverIsDown
    const first = Math.max(down && this.#ready.size > 0 ? 0 : Math.min(...this.#waiting.values()), down ? this.#notBefore : 0)
    if (first === Infinity || (this.#retry !== undefined && this.#retry.at <= first)) return
    clearTimeout(this.#retry?.timer)
    const timer = setTimeout(() => {
      this.#retry = undefined
      this.#start()
    }, Math.max(0, first - Date.now())).unref()
    this.#retry = { timer, at: first }
  }
}
