import { float, int, repeat } from 'attune'

export const space = {
  learningRate: float(1e-3, 1e-1, { scale: 'log' }),
  layers: repeat({ units: int(16, 128, { scale: 'log' }) }, { min: 1, max: 2 }),
}
