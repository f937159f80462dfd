/** How many writes to a stream are on their way. */
const writing = new WeakMap<NodeJS.WritableStream, number>()
const ignore = (): void => undefined

/** Shows what a child printed. Where nobody reads any more (`| head`) it is lost, as with `console.log`, and ends nothing. */
export function echo(stream: NodeJS.WritableStream, text: string): void {
  change(stream, 1)
  // The stream tells of an error after it has answered the write.
  stream.write(text, () => setImmediate(() => change(stream, -1)))
}

function change(stream: NodeJS.WritableStream, by: 1 | -1): void {
  const count = (writing.get(stream) ?? 0) + by
  writing.set(stream, count)
  if (by === 1 && count === 1) stream.on('error', ignore)
  if (count === 0) stream.off('error', ignore)
}
