/** Does work during which whatever this process prints goes to its error stream: its output is kept for one document. */
export async function divertingOutput<T>(work: () => Promise<T>): Promise<T> {
  const { stdout, stderr } = process
  const { write } = stdout
  stdout.write = stderr.write.bind(stderr)
  try {
    return await work()
  } finally {
    stdout.write = write
  }
}
