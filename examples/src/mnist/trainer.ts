import * as tf from '@tensorflow/tfjs'
import type { Trainer } from 'attune'
import { tfjsTrainer, wasm } from '@attune/tfjs-adapter'
import { asInput, type Split } from './digits.ts'
import { buildNetwork, type NetworkParams } from './network.ts'

/** How a network is trained on digits, in the search and once more at the end. */
export function digitsTrainer(load: () => Pick<Split, 'training' | 'validation'>, epochs: number): Trainer<NetworkParams> {
  return tfjsTrainer<NetworkParams>({
    tf,
    backend: wasm(),
    build: buildNetwork,
    data: () => {
      const { training, validation } = load()
      return { train: { x: asInput(training), y: training.labels }, validation: { x: asInput(validation), y: validation.labels } }
    },
    epochs,
    batchSize: ({ batchSize }) => batchSize,
    loss: 'categoricalCrossentropy',
    metrics: ['accuracy'],
    optimizer: ({ optimizer }) => optimizer,
  })
}
