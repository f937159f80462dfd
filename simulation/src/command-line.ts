import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

type Values<T extends ParseArgsOptionsConfig> = ReturnType<typeof parseArgs<{ readonly args: string[]; readonly options: T }>>['values']

/** The options of this program. Prints the usage and ends it for --help; ends it with 2 and one line for what is no option. */
export function readOptions<const T extends ParseArgsOptionsConfig>(usage: string, options: T): Values<T> {
  // pnpm hands the dashes before the options on.
  const args = process.argv.slice(2).filter((text) => text !== '--')
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage)
    process.exit(0)
  }
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    return refuse(error.message.split('. ')[0]!)
  }
}

/** A whole number that an option gives. Ends the program with 2 for another text. */
export function wholeNumber(option: string, text: string, least: number): number {
  const number = Number(text)
  if (text.trim() === '' || !Number.isSafeInteger(number) || number < least) return refuse(`${option} is a whole number from ${least}, not ${JSON.stringify(text)}`)
  return number
}

function refuse(why: string): never {
  console.error(`${why}. With --help it says what there is.`)
  process.exit(2)
}
