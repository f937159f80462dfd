import { errorOfAnswer, errorOfStorage, isHtml, type Answer } from './answers.ts'
import type { Configuration } from './configuration.ts'
import { MlflowError, type FailedCall } from './errors.ts'
import { exchange, type ExchangeParts, type Incoming, type Outgoing } from './exchange.ts'
import { Interrupted } from './interrupted.ts'
import { readText } from './read-text.ts'
import { backoff, isTransient, parseRetryAfter } from './retry.ts'
import { withoutCredentials, type Secret } from './secret.ts'
import type { CallOptions } from './types.ts'
import type { Limits } from './watch.ts'

/** A call, whatever it carries. */
export interface Request {
  readonly call: FailedCall
  readonly url: string
  readonly headers: { readonly [name: string]: string }
  /** Sent to the origin of `url` and nowhere else. */
  readonly credentials: { readonly [name: string]: Secret }
  readonly body?: Outgoing['body']
  readonly onProgress?: Outgoing['onProgress']
  readonly limits: Limits
  /** Milliseconds for all attempts and the waits between them. */
  readonly deadline: number
  /** Whether a redirect to another origin may be followed, by requests without body and credentials. */
  readonly followElsewhere: boolean
  readonly applied?: ((options: CallOptions) => Promise<unknown>) | undefined
  readonly signal: AbortSignal
}

export interface CallParts extends ExchangeParts {
  readonly configuration: Configuration
  readonly random: () => number
  /** As errors name it. */
  readonly server: string
  /** It is not MLflow, but a storage that an address of MLflow leads to. */
  readonly storage?: boolean
}

const mostRedirects = 10
/** A page instead of MLflow's JSON is rather a defect than a moment of load, and is not worth minutes. */
const mostPages = 2

/**
 * Makes a call, repeating it as the policy says, until `read` has the answer of a 2xx. What `request.applied` knows of a call whose
 * answer was lost is answered in its stead.
 */
export async function attempt<T>(request: Request, read: (incoming: Incoming) => Promise<T>, parts: CallParts): Promise<T | { readonly applied: unknown }> {
  const { configuration, clock, redact, server } = parts
  const { retry } = configuration
  const { call, signal } = request
  const started = clock.now()
  let lost = false
  let pages = 0
  for (let attempts = 1; ; attempts++) {
    const remaining = request.deadline - (clock.now() - started)
    let failure: MlflowError
    let asked: number | undefined
    try {
      const limits = { idle: request.limits.idle, total: Math.max(1, Math.min(request.limits.total, remaining)) }
      const incoming = await followed(request, limits, parts)
      if (incoming.status >= 200 && incoming.status < 300) return await read(incoming)
      const answer: Answer = { status: incoming.status, headers: incoming.headers, text: await readText(incoming, Math.min(configuration.maxAnswerBytes, 2 ** 20), call, server, true) }
      if (retry.respectRetryAfter) asked = parseRetryAfter(answer.headers['retry-after'], clock.now())
      failure = parts.storage === true ? errorOfStorage(answer, call, redact, attempts) : errorOfAnswer(answer, call, server, redact, attempts)
      // What a server was started without it says with 500, too.
      if (!isTransient(answer.status, asked) || failure.code === 'MLFLOW_CONFIG') throw failure
      if (answer.status === 500 && isHtml(answer) && ++pages > mostPages) throw failure
      if (answer.status >= 500 || answer.status === 408) lost = true
    } catch (error) {
      if (!(error instanceof Interrupted)) throw error
      failure = error
      lost ||= error.sent
    }
    if (attempts > retry.maxRetries) throw after(failure, attempts)
    // 0 is no wish, but an invitation to try at once, which the policy knows better.
    const wait = asked !== undefined && asked > 0 ? asked : backoff(retry, attempts, parts.random)
    // However long a file may take, nobody waits longer for its turn than for that of a call.
    if (wait >= retry.deadline || clock.now() - started + wait >= request.deadline) throw after(failure, attempts, asked)
    await sleep(wait, request, clock)
    if (lost && request.applied !== undefined) {
      const known = await request.applied({ signal }).catch((error: unknown) => {
        if (signal.aborted) throw error
        throw new MlflowError(failure.code, `${failure.message}. Whether it was done nevertheless could not be found out: ${error instanceof Error ? error.message : String(error)}`, { call, cause: error })
      })
      if (known !== undefined) return { applied: known }
    }
  }
}

/** The error of the last attempt, saying that it was the last of several. */
function after(failure: MlflowError, attempts: number, asked?: number): MlflowError {
  const wait = asked === undefined ? '' : `. The server asks to wait ${Math.ceil(asked / 1000)} s, which is longer than the call may take`
  const { status, mlflowCode, call } = failure
  const tried = failure instanceof Interrupted && attempts > 1 ? ` (${attempts} attempts)` : ''
  return new MlflowError(failure.code, `${failure.message}${tried}${wait}`, {
    ...(status !== undefined && { status }),
    ...(mlflowCode !== undefined && { mlflowCode }),
    ...(call !== undefined && { call }),
    ...(failure.cause !== undefined && { cause: failure.cause }),
  })
}

function sleep(milliseconds: number, request: Request, clock: CallParts['clock']): Promise<void> {
  const { signal, call } = request
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(milliseconds, () => {
      signal.removeEventListener('abort', aborted)
      resolve()
    }, true)
    function aborted(): void {
      cancel()
      reject(new MlflowError('MLFLOW_ABORTED', `${call.method} ${call.path} was ended by its signal`, { call, cause: signal.reason }))
    }
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
  })
}

/** One attempt, with the redirects that may be followed. */
async function followed(request: Request, limits: Limits, parts: CallParts): Promise<Incoming> {
  const { call } = request
  const origin = new URL(request.url).origin
  let { url } = request
  let { method } = call
  let { body } = request
  /** Once another server says where to go, credentials go nowhere any more. */
  let home = true
  for (let hops = 0; ; hops++) {
    const headers = { ...(body === undefined ? withoutContent(request.headers, home) : request.headers), ...(home && revealed(request.credentials)) }
    const incoming = await exchange({ call: { method, path: call.path }, url, headers, body, onProgress: request.onProgress }, limits, request.signal, parts)
    const { location } = incoming.headers
    if (location === undefined || ![301, 302, 303, 307, 308].includes(incoming.status)) return incoming
    incoming.discard()
    const target = URL.canParse(location, url) ? new URL(location, url) : undefined
    const refuse = (why: string): never => {
      const where = target === undefined ? '' : withoutCredentials(`${target.origin}${target.pathname}`)
      throw new MlflowError('MLFLOW_REDIRECT', `${parts.server} redirects ${call.method} ${call.path} to '${where}', ${why}. ${parts.storage === true ? 'The MLflow server has to sign addresses of the storage that keeps the file: ask whoever runs it' : 'If MLflow is there, set the tracking URI to it; if it is a login page, sign in with a token (MLFLOW_TRACKING_TOKEN)'}`, { status: incoming.status, call })
    }
    if (target === undefined || (target.protocol !== 'http:' && target.protocol !== 'https:')) return refuse('which is no address of a server')
    if (!parts.configuration.allowRedirects) refuse('and redirects are not allowed (MLFLOW_ALLOW_HTTP_REDIRECTS)')
    if (hops === mostRedirects) refuse(`after ${mostRedirects} other redirects`)
    if (incoming.status === 303 && method !== 'HEAD') {
      method = 'GET'
      body = undefined
    }
    if (target.origin !== origin && (!request.followElsewhere || body !== undefined || (method !== 'GET' && method !== 'HEAD'))) refuse('which is another server, and gets neither credentials nor data')
    home &&= target.origin === origin
    // A name and password in the target would become credentials of that server.
    target.username = ''
    target.password = ''
    target.hash = ''
    url = target.href
  }
}

/** Elsewhere goes only how the answer is to be written: a signed address may come with headers that are keys. */
function withoutContent(headers: { readonly [name: string]: string }, home: boolean): { readonly [name: string]: string } {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => (home ? !name.startsWith('content-') : name === 'accept-encoding')))
}

function revealed(credentials: { readonly [name: string]: Secret }): { readonly [name: string]: string } {
  return Object.fromEntries(Object.entries(credentials).map(([name, secret]) => [name, secret.reveal()]))
}
