// Loaded by the child processes of the search, each of which trains one network at a time.
import process from 'node:process'
import { readDigits, searchDigits, splitDigits } from './digits.ts'
import { settingsVariable, type SearchSettings } from './options.ts'
import { digitsTrainer } from './trainer.ts'

const { seed, samples, epochs } = JSON.parse(process.env[settingsVariable] ?? '{}') as SearchSettings

/** The digits are read once a process, before its first trial. */
export const training = digitsTrainer(() => searchDigits(splitDigits(readDigits(), seed), samples), epochs)
