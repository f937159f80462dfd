import type { Layer } from '../tensorflow.ts'

/**
 * True for a name that TensorFlow.js made up (`dense_Dense7`, `dense_Dense7_input`, `input3`, `sequential_2`): its number
 * counts the layers that the process made before, so it says nothing and differs from run to run.
 */
export function isMadeUp(name: string, className: string): boolean {
  const plain = name.replace(/_input$/, '')
  const classes = plain === name ? className : '\\w+?' // the input of a Sequential is named after its first layer, whose class is not known here
  return /^(input|sequential|model|functional)_?\d+$/i.test(plain) || new RegExp(`^[a-z0-9_]+_${classes}\\d+$`).test(plain)
}

/** The name of a layer, or its class where TensorFlow.js made the name up. */
export function layerLabel(layer: Layer): string {
  const className = layer.getClassName()
  return isMadeUp(layer.name, className) ? className : layer.name
}
