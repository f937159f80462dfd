import type { LayersModel } from '../../tensorflow.ts'

/**
 * The model with nodes, inputs and outputs that a sequential model keeps inside; other models are that themselves. Undefined where a
 * sequential model does not know its input shape.
 */
export function functionalOf(model: LayersModel): LayersModel | undefined {
  const sequential = model as LayersModel & { readonly model?: LayersModel | null }
  if (model.getClassName() !== 'Sequential') return model
  if (sequential.inputs === undefined || sequential.inputs.length === 0) return undefined
  // As fit() and predict() do first.
  if (sequential.model === undefined || sequential.model === null) model.build([])
  return sequential.model ?? undefined
}
