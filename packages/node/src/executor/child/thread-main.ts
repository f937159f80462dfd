// A worker thread that runs trials.
import process from 'node:process'
import { parentPort } from 'node:worker_threads'
import { createTrialRunner } from './trial-runner.ts'

const port = parentPort!
const receive = createTrialRunner({
  send: (response) => port.postMessage(response),
  limit: () => undefined,
  close: () => process.exit(0),
})
port.on('message', receive)
