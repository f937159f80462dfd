import { encodePng, histogramBuckets, listRuns, loadRun, openEventWriter, pngImage } from '@attune/tensorboard-logger/events'

const logDir = process.argv[2] ?? 'runs'
{
  await using writer = await openEventWriter({ folder: `${logDir}/my-run` })
  for (let step = 0; step < 100; step++) {
    const weights = Float32Array.from({ length: 200 }, (_, index) => Math.sin(index) * Math.exp(-step / 50))
    writer.add({
      step,
      values: [
        { kind: 'scalar', tag: 'train/loss', value: Math.exp(-step / 30) },
        { kind: 'scalar', tag: 'validation/loss', value: Math.exp(-step / 30) + 0.1, exact: true },
        { kind: 'histogram', tag: 'weights', buckets: histogramBuckets(weights) },
      ],
    })
  }
  const pixels = Uint8Array.from({ length: 64 * 64 }, (_, index) => (index % 64) * 4)
  writer.add({ step: 100, values: [{ kind: 'text', tag: 'notes', markdown: '# A run\nwith **Markdown**' }, pngImage('gradient', encodePng(pixels, [64, 64]))] })
}

for (const { name, folder } of await listRuns(logDir)) {
  const run = await loadRun(folder)
  for (const [tag, { steps, values }] of run.scalars) console.log(`${name}: ${tag} ends at ${values.at(-1)} (step ${steps.at(-1)})`)
  console.log(`${name}: also ${[...run.points.keys()].join(', ')}`)
}
