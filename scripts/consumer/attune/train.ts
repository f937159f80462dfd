// A stranger's trainer, for workers.
import type { Trial } from 'attune'

export const trainer = ({ params }: Trial<{ readonly learningRate: number; readonly layers: number }>): number => (Math.log10(params.learningRate) + 2) ** 2 + params.layers
