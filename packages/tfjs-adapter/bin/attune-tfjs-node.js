#!/usr/bin/env node
import { runTfjsNodeBuild } from '../dist/backends/tfjs-node-build/command-line.js'

process.exitCode = runTfjsNodeBuild(process.argv.slice(2))
