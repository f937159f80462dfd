import { AttuneError, systemClock } from '@attune/core'
import type { Clock, Logger, LoggerContext, LoggerFactory, StudyEvent } from '@attune/core'
import { refuseUnknownOptions } from '../unknown-options.ts'
import { block } from './block.ts'
import { line } from './lines.ts'
import { Screen } from './screen.ts'
import type { Guarded } from './screen.ts'
import { summary } from './summary.ts'
import { Tally } from './tally.ts'
import { hasColour, isLive, stylesFor } from './terminal.ts'
import type { Environment, ProgressStream, Styles } from './terminal.ts'

/** Options of `progress`. */
export interface ProgressOptions {
  /** Shows nothing. */
  readonly silent?: boolean
  /** Where to write. Default: `process.stderr`, so that the results of a program stay alone on its output. */
  readonly stream?: ProgressStream
  /** A live block (true) or plain lines (false). Default: live on a terminal, plain in files, pipes and CI. */
  readonly live?: boolean
  /** Trials wanted in all, where `optimize` is not told: for studies that are driven by `ask` and `tell`. */
  readonly total?: number
  /** Time for redrawing. Default: the machine's. */
  readonly clock?: Clock
  /** Default: `process.env`. CI, TERM, NO_COLOR and FORCE_COLOR are read. */
  readonly environment?: Environment
}

/** Milliseconds between two frames at least, and at most while trials run. */
const shortest = 100
const longest = 1000

/**
 * Shows how a study goes on: a live block on a terminal, a line for each finished trial elsewhere, and a summary at the end.
 * Colours follow FORCE_COLOR, NO_COLOR and the terminal. It never slows a trial: frames are at least 100 ms apart.
 *
 * Throws OPTION for options that do not fit.
 */
export function progress(options: ProgressOptions = {}): LoggerFactory {
  const { total } = options
  refuseUnknownOptions('progress()', options, ['silent', 'stream', 'live', 'total', 'clock', 'environment'])
  if (total !== undefined && !(Number.isSafeInteger(total) && total >= 0)) throw new AttuneError('OPTION', `progress({ total }) is the number of trials wanted, an integer from 0, got ${String(total)}.`, { details: { total } })
  return {
    specVersion: 'v1',
    id: 'progress',
    create: (context) => (options.silent === true ? silentLogger : new Progress(context, options)),
  }
}

const silentLogger: Logger = { cursor: 'now', log: () => undefined, flush: () => undefined, close: () => undefined }

class Progress implements Logger {
  readonly cursor = 'now'
  readonly #tally: Tally
  readonly #stream: ProgressStream
  readonly #clock: Clock
  readonly #styles: Styles
  readonly #screen: Screen | undefined
  /** When the run that is shown began, by the clock; undefined between runs. */
  #began: number | undefined
  /** What the clock says less what the events say: storage and display may be on different machines. */
  #ahead = 0
  #broken = false
  #lastFrame = Number.NEGATIVE_INFINITY
  #next: { readonly due: number; readonly cancel: () => void } | undefined

  constructor(context: LoggerContext, options: ProgressOptions) {
    const environment = options.environment ?? process.env
    this.#stream = options.stream ?? process.stderr
    this.#clock = options.clock ?? systemClock
    this.#styles = stylesFor(hasColour(this.#stream, environment))
    this.#tally = new Tally(context, options.total)
    const shared: readonly Guarded[] = this.#stream === process.stderr || this.#stream === process.stdout ? [process.stdout, process.stderr] : [this.#stream]
    this.#stream.on('error', this.#onError)
    this.#screen = (options.live ?? isLive(this.#stream, environment)) ? new Screen(this.#stream, shared) : undefined
  }

  /** A closed pipe or terminal ends the display, not the study: without a listener Node would end the process. */
  readonly #onError = (): void => {
    this.#broken = true
    this.#screen?.abandon()
  }

  log(event: StudyEvent): void {
    const now = this.#clock.now()
    this.#ahead = now - event.time
    this.#tally.add(event)
    if (event.type === 'study.opened' || event.type === 'study.resumed') return
    // A warning or correction between two runs needs no display of its own on a terminal.
    if (this.#began === undefined && (event.type === 'study.started' || event.type === 'trial.started' || event.type === 'trial.resumed')) this.#began = now
    if (this.#screen === undefined) this.#say(line(event, this.#tally, this.#styles))
    // What another process begins and ends is no end of the run that is shown.
    if (event.type === 'study.stopped' && event.owner === this.#tally.owner) this.#finish()
    else if (this.#screen !== undefined && this.#began !== undefined) this.#drawSoon(now)
  }

  flush(): void {
    if (this.#screen !== undefined && this.#began !== undefined) this.#draw()
  }

  async close(): Promise<void> {
    this.#finish()
    // What was written may still fail; the listener stays until that is known.
    await new Promise<void>((resolve) => void (this.#broken ? resolve() : this.#stream.write('', () => resolve())))
    this.#stream.off('error', this.#onError)
  }

  /** Ends the display of a run with its summary. Another run may begin afterwards. */
  #finish(): void {
    this.#next?.cancel()
    this.#next = undefined
    if (this.#began === undefined) return
    const lines = summary(this.#tally, this.#clock.now() - this.#began, this.#styles)
    this.#began = undefined
    if (this.#screen === undefined) this.#say(lines.join('\n'))
    else if (!this.#broken) this.#screen.finish(lines)
  }

  #say(text: string | undefined): void {
    if (text !== undefined && !this.#broken) this.#stream.write(`${text}\n`)
  }

  #drawSoon(now: number): void {
    const due = this.#lastFrame + shortest
    if (now >= due) this.#draw()
    else this.#drawAt(due, now)
  }

  #draw(): void {
    const now = this.#clock.now()
    this.#lastFrame = now
    if (this.#broken) return
    this.#screen?.draw(block(this.#tally, { columns: this.#stream.columns ?? 80, now: now - this.#ahead, elapsed: now - (this.#began ?? now), styles: this.#styles }))
    // Times go on while nothing else happens.
    this.#next?.cancel()
    this.#next = undefined
    this.#drawAt(now + longest, now)
  }

  /** One timer at a time: thousands of events between two frames cost nothing. */
  #drawAt(due: number, now: number): void {
    if (this.#next !== undefined && this.#next.due <= due) return
    this.#next?.cancel()
    this.#next = { due, cancel: this.#clock.schedule(due - now, () => this.#draw()) }
  }
}
