// A child process that runs trials. Messages cross on descriptor 3, so that nothing that a trial prints or sends can be taken for one by accident.
import { Socket } from 'node:net'
import process from 'node:process'
import { Worker } from 'node:worker_threads'
import { FrameReader, frameOf } from '../frames.ts'
import { signalGroup } from '../process-group.ts'
import { createTrialRunner } from './trial-runner.ts'

let maxBytes = 1 << 20
const channel = new Socket({ fd: 3 })
const reader = new FrameReader(() => maxBytes)
const receive = createTrialRunner({
  send(response) {
    for (const part of frameOf(response, maxBytes)) channel.write(part)
  },
  limit: (bytes) => (maxBytes = bytes),
  close: () => process.exit(0),
})
const die = (): void => signalGroup(process.pid, 'SIGKILL')

// Schedulers of clusters and service managers reach every process: what becomes of a trial is for the study to say.
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => undefined)
channel.on('data', (piece: Uint8Array) => {
  for (const message of reader.push(piece)) receive(message)
})
channel.on('error', die)
channel.on('close', die)
// The same ending as this file: TypeScript from the sources, JavaScript from the package.
new Worker(import.meta.url.endsWith('.ts') ? new URL('./parent-watch.ts', import.meta.url) : new URL('./parent-watch.js', import.meta.url), { stdin: false }).unref()
