import type { Layer } from '../tensorflow.ts'

/**
 * True for a name that TensorFlow.js made up (`dense_Dense7`, `dense_Dense7_input`, `input3`, `sequential2`): its number
 * counts the layers that the process made before, so it says nothing and differs from run to run.
 */
export function isMadeUp(name: string): boolean {
  if (/^(input|sequential|model|functional)_?\d+$/.test(name)) return true
  const [, prefix, className] = /^(.+)_([A-Za-z0-9]*[A-Za-z])\d+(?:_input)?$/.exec(name) ?? []
  return className !== undefined && snakeCase(className) === prefix
}

/** The name of a layer, or its class where TensorFlow.js made the name up. */
export function layerLabel(layer: Layer): string {
  return isMadeUp(layer.name) ? layer.getClassName() : layer.name
}

/** As TensorFlow.js does it: `MaxPooling2D` is `max_pooling2d`. */
function snakeCase(name: string): string {
  return name.replaceAll(/(.)([A-Z][a-z0-9]+)/g, '$1_$2').replaceAll(/([a-z])([A-Z])/g, '$1_$2').toLowerCase()
}
