import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

/** What the child processes of the search have to know. */
export interface SearchSettings {
  readonly seed: number
  readonly samples: number
  readonly epochs: number
}

/** The environment variable in which they get it, as JSON. */
export const settingsVariable = 'ATTUNE_DIGITS'

export interface JobOptions {
  readonly trials: number
  readonly epochs: number
  readonly samples: number
  readonly finalEpochs: number
  /** Trials at once, each in a child process. */
  readonly jobs: number
  /** Undefined: the seed of the study that is there, or 7 for a new one. */
  readonly seed: number | undefined
  readonly sampler: 'auto' | 'tpe' | 'random'
  readonly out: string
}

export const help = `Finds a good network for handwritten digits.

Usage: npm start -- [options]

  --trials N         complete and pruned trials in all (default 24)
  --epochs N         most epochs of a trial (default 9)
  --samples N        training digits of a trial (default 1600)
  --final-epochs N   epochs of the last training, on all training digits (default 12)
  --jobs N           trials at once, each in a child process (default 2; 1 on one core)
  --seed N           seed of the split, the networks and the suggestions (default 7)
  --sampler NAME     auto, tpe or random (default auto)
  --out DIR          where everything goes (default out/mnist)
  --help             this text

Called again with the same folder it goes on where it stopped.`

const flags = {
  trials: { type: 'string', default: '24' },
  epochs: { type: 'string', default: '9' },
  samples: { type: 'string', default: '1600' },
  'final-epochs': { type: 'string', default: '12' },
  jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
  seed: { type: 'string' },
  sampler: { type: 'string', default: 'auto' },
  out: { type: 'string', default: 'out/mnist' },
  help: { type: 'boolean', default: false },
} as const

function parse(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: flags })
  } catch (error) {
    throw new Error(`${(error as Error).message}. npm start -- --help tells what there is.`)
  }
}

/** Reads the command line. Throws with a sentence for the user. */
export function readOptions(args: readonly string[]): JobOptions | 'help' {
  const { values } = parse(args)
  if (values.help) return 'help'
  const whole = (name: string, text: string, least: number, most: number): number => {
    const number = Number(text)
    if (!/^\d+$/.test(text) || number < least || number > most) throw new Error(`--${name} takes a whole number from ${least} to ${most}, got "${text}".`)
    return number
  }
  const { sampler } = values
  if (sampler !== 'auto' && sampler !== 'tpe' && sampler !== 'random') throw new Error(`--sampler takes auto, tpe or random, got "${sampler}".`)
  if (values.out === '') throw new Error('--out takes a folder.')
  return {
    trials: whole('trials', values.trials, 1, 100_000),
    epochs: whole('epochs', values.epochs, 1, 1000),
    samples: whole('samples', values.samples, 100, 7000),
    finalEpochs: whole('final-epochs', values['final-epochs'], 1, 1000),
    jobs: whole('jobs', values.jobs, 1, 256),
    seed: values.seed === undefined ? undefined : whole('seed', values.seed, 0, Number.MAX_SAFE_INTEGER),
    sampler,
    out: values.out,
  }
}
