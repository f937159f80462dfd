import { AttuneError, type LoggerFactory } from '@attune/core'
import { openStudyLog } from './study-log.ts'

/** Options of `tensorboard`. */
export interface TensorBoardOptions {
  /** The folder to give to `tensorboard --logdir`. Made if it is missing; each study gets a folder of its own in it. */
  readonly logDir: string
}

/**
 * Writes a study for TensorBoard: learning curves while trials run, the HParams tab with every trial, and a run of the study
 * with the best so far. A study that is resumed goes on in its folder, nothing twice and nothing left out; of several
 * processes on a study one writes at a time. Throws TENSORBOARD_OPTION for a `logDir` that is no path.
 */
export function tensorboard(options: TensorBoardOptions): LoggerFactory {
  const { logDir } = options
  if (typeof logDir !== 'string' || logDir === '' || logDir.includes('\0')) {
    throw new AttuneError('TENSORBOARD_OPTION', `tensorboard({ logDir }) needs the path of a folder, got ${JSON.stringify(logDir)}.`, { details: { logDir } })
  }
  return { specVersion: 'v1', id: 'tensorboard', shared: true, create: (context) => openStudyLog(logDir, context) }
}
