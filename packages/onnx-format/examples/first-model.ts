import { createModelBuilder, readModel } from '@attune/onnx-format'

// y = relu(x · w + b) for any number of rows: 'N' names a dimension that is known only when the model runs.
const builder = createModelBuilder({ graphName: 'tiny', producerName: 'my-exporter', metadata: { study: 'demo' } })
const x = builder.input('x', 'float32', ['N', 2])
const w = builder.initializer('w', { data: Float32Array.of(1, -1, 0.5, 2), dims: [2, 2] })
const b = builder.initializer('b', { data: Float32Array.of(0.1, 0.2), dims: [2] })
const z = builder.node('Gemm', [x, w, b])
builder.node('Relu', [z], { outputs: ['y'] })
builder.output('y', 'float32', ['N', 2])
const bytes = builder.toBytes() // an .onnx file: IR version 10, operator set 21

const model = readModel(bytes)
console.log(model.inputs, model.outputs)
console.log(model.nodes.map((node) => node.operator), model.parameterCount, 'parameters')
console.log(model.metadata.get('study'), model.tensor('w').data)
