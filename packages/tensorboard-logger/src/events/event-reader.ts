import { setTimeout as delay } from 'node:timers/promises'
import { isAttuneError, type AttuneError } from '@attune/core'
import { damagedError } from './errors.ts'
import { decodeEvent } from './event-codec.ts'
import type { TensorBoardEvent } from './event.ts'
import { readRecords } from './record-reader.ts'
import type { KnownPlugins } from './value-decoder.ts'

/** How event files are read. */
export interface ReadOptions {
  /**
   * What a record means that the end of a file cuts off, as a crash or a full disk leaves it: the end of the file (`end`,
   * the default of `readRun` and `loadRun`), or damage (`throw`, the default of `readEvents`).
   */
  readonly torn?: 'throw' | 'end'
  /** Is told of damage instead of throwing it; what follows in the damaged file is left out. */
  readonly onDamage?: (error: AttuneError) => void
  /** Goes on at the end and waits for more, until it is aborted: for files that are being written. */
  readonly follow?: AbortSignal
  /** Milliseconds between two looks at a file that is followed (default 1,000). */
  readonly pollInterval?: number
}

/**
 * Reads an event file from its beginning, whoever wrote it, with every checksum verified. Throws TENSORBOARD_DAMAGED, after all
 * events before it, at the first record that is torn (with `details.torn`), altered or no event; TENSORBOARD_READ if the file
 * cannot be read. Holds one event and the names of the tags in memory.
 */
export async function* readEvents(path: string, options: ReadOptions = {}): AsyncGenerator<TensorBoardEvent, void, void> {
  yield* readFile(path, { torn: 'throw', ...options }, new Map(), () => waitForMore(options))
}

/** `readEvents` with what is known of the run's tags, and with a question at the end: look again? */
export async function* readFile(path: string, options: ReadOptions, plugins: KnownPlugins, again: () => Promise<boolean>): AsyncGenerator<TensorBoardEvent, void, void> {
  try {
    for await (const { offset, payload } of readRecords(path, again)) {
      if (options.follow?.aborted) return
      yield decoded(path, offset, payload, plugins)
    }
  } catch (error) {
    if (!isAttuneError(error, 'TENSORBOARD_DAMAGED')) throw error
    if (error.details['torn'] === true && (options.torn === 'end' || options.follow?.aborted)) return
    if (options.onDamage === undefined) throw error
    options.onDamage(error)
  }
}

/** Resolves after the interval, or to false as soon as nobody follows any more. */
export async function waitForMore({ follow, pollInterval = 1_000 }: ReadOptions): Promise<boolean> {
  if (follow === undefined) return false
  try {
    await delay(pollInterval, undefined, { signal: follow })
    return true
  } catch (error) {
    if (!follow.aborted) throw error
    return false
  }
}

function decoded(path: string, offset: number, payload: Uint8Array, plugins: KnownPlugins): TensorBoardEvent {
  try {
    return decodeEvent(payload, plugins)
  } catch (cause) {
    throw damagedError(path, offset, 'the payload is not an event', { cause })
  }
}
