// `attune` out of the sources of this package: packages/attune/bin does the same.
import { runCommandLine } from './command-line.ts'

process.exitCode = await runCommandLine(process.argv.slice(2))
setTimeout(() => process.exit(), 1000).unref()
