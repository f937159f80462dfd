import { Readable } from 'node:stream'
import { MlflowError, type FailedCall } from './errors.ts'

/** Bytes to send, as a stream that is begun anew for each attempt. */
export interface StreamedBody {
  readonly size: number
  stream(): AsyncIterable<Uint8Array>
}

/** A body while it is sent. */
export interface Sending {
  readonly stream: Readable
  /** Why its source broke, if it did: that is no matter of the connection. */
  readonly problem: MlflowError | undefined
}

/** Bytes that are read ahead of the connection. */
const ahead = 256 * 1024

/** Sends exactly as many bytes as were promised: a request with another length would be cut, or never end. `onSent` is told after each piece. */
export function sending(body: StreamedBody, call: FailedCall, onSent: (sent: number) => void): Sending {
  let problem: MlflowError | undefined
  const wrong = (what: string) => new MlflowError('MLFLOW_SOURCE', `What is to be uploaded ${what} than the ${body.size} bytes it was said to have: ${call.path}. It must not change while it is read`, { call })
  async function* pieces(): AsyncGenerator<Uint8Array> {
    try {
      let sent = 0
      for await (const piece of body.stream()) {
        sent += piece.byteLength
        if (sent > body.size) throw wrong('has more')
        yield piece
        onSent(sent)
      }
      if (sent < body.size) throw wrong('has fewer')
    } catch (error) {
      problem = error instanceof MlflowError ? error : new MlflowError('MLFLOW_SOURCE', `What is to be uploaded cannot be read, or onProgress failed: ${error instanceof Error ? error.message : String(error)} (${call.path})`, { call, cause: error })
      throw error
    }
  }
  const stream = Readable.from(pieces(), { objectMode: false, highWaterMark: ahead })
  // Its errors reach us through the request, and `problem`.
  stream.on('error', () => undefined)
  return {
    stream,
    get problem() {
      return problem
    },
  }
}
