import { MlflowError, type FailedCall } from './errors.ts'
import type { Incoming } from './exchange.ts'

/** The body of an answer as a text. Of one with more bytes than `most`, the beginning if `cut`; else it throws `MLFLOW_ANSWER`. */
export async function readText(incoming: Incoming, most: number, call: FailedCall, server: string, cut = false): Promise<string> {
  const tooLarge = () => new MlflowError('MLFLOW_ANSWER', `${server} answered ${call.method} ${call.path} with more than ${most} bytes. Ask for less at a time (pageSize), or raise maxAnswerBytes`, { status: incoming.status, call })
  if (!cut && Number(incoming.headers['content-length']) > most) {
    incoming.discard()
    throw tooLarge()
  }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of incoming.bytes) {
    size += chunk.byteLength
    chunks.push(chunk)
    if (size <= most) continue
    if (cut) break
    throw tooLarge()
  }
  return new TextDecoder().decode(Buffer.concat(chunks))
}
