#!/usr/bin/env node
import { runCommandLine } from '@attune/cli'

process.exitCode = await runCommandLine(process.argv.slice(2))
// What a user's trainer left open must not keep the command from ending.
setTimeout(() => process.exit(), 1000).unref()
