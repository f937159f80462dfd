// Run as a process of its own: tells who it is, then ends, or waits until it is killed or its parent has gone.
import { nodeHost } from './node-host.ts'

process.stdout.write(`${nodeHost().identity}\n`)
if (process.argv[2] === 'wait') process.stdin.resume()
