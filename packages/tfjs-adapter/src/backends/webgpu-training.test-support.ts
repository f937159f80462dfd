// Run by webgpu.test.ts in a process of its own, which has a software GPU in its environment: trains on it and on cpu, prints both.
import * as tf from '@tensorflow/tfjs'
import { convnetTrainer, numbersOf, run, trialOf } from '../training.test-support.ts'
import { cpu } from './cpu.ts'
import { webgpu } from './webgpu.ts'

const answers: unknown[] = []
for (const backend of [webgpu(), cpu()]) {
  const trainer = convnetTrainer({ backend, epochs: 2, optimizer: { type: 'momentum', learningRate: 0.02, momentum: 0.9 } })
  const trial = trialOf({ learningRate: 0.01 })
  const { reports, artifact } = await run(trainer, trial)
  await trainer.release?.()
  answers.push({ backend: tf.getBackend(), reports: numbersOf(reports), onnx: (await (await artifact!.as('onnx')).bytes()).length, warnings: trial.warnings, tensors: tf.memory().numTensors })
}
process.stdout.write(JSON.stringify(answers))
