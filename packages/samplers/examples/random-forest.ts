import { choice, createStudy, int, oneOf, ordinal } from '@attune/core'
import { forest } from '@attune/samplers'

const study = await createStudy({
  space: { batch: ordinal([16, 32, 64, 128]), head: choice(['mean', 'max', 'attention']), model: oneOf({ trees: { depth: int(2, 12) }, net: { layers: int(1, 6), activation: choice(['relu', 'gelu']) } }) },
  sampler: forest(),
  seed: 1,
})
await study.optimize(({ params: { batch, head, model } }) => Math.abs(Math.log2(batch / 64)) + Number(head !== 'attention') + (model.type === 'trees' ? 1 + Math.abs(model.depth - 7) / 5 : Math.abs(model.layers - 4) / 2 + Number(model.activation !== 'gelu')), { trials: 60 })
console.log(study.best.value, study.best.params, study.explain(59))
