import type { Environment, ProgressStream } from '@attune/node/terminal'

/** Where a command reads and writes: a process's own streams, or others in their place. */
export interface Terminal {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean | undefined }
  readonly stdout: ProgressStream
  readonly stderr: ProgressStream
  readonly environment: Environment
}

/** The terminal that this process was started in. */
export function ownTerminal(): Terminal {
  return { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, environment: process.env }
}
