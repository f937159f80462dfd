import { MlflowError, type FailedCall } from './errors.ts'

/** A whole answer whose body is in memory. */
export interface Answer {
  readonly status: number
  /** Names in lower case. */
  readonly headers: { readonly [name: string]: string }
  readonly text: string
}

const longestQuote = 1000

/** More of a text than is quoted, so that a secret at the end of the quotation is recognised before it is cut. */
const longestRead = 10_000

/** The title of a page, and its words. In one pass: a page may be a megabyte of anything. */
function wordsOf(page: string): string {
  const lower = page.replace(/[A-Z]+/g, (letters) => letters.toLowerCase())
  const words: string[] = []
  let title = ''
  for (let at = 0; at < page.length; ) {
    const open = page.indexOf('<', at)
    words.push(page.slice(at, open < 0 ? undefined : open))
    const end = open < 0 ? -1 : page.indexOf('>', open)
    if (end < 0) break
    at = end + 1
    const hidden = /^<(script|style|title)\b/.exec(lower.slice(open, open + 8))?.[1]
    if (hidden === undefined) continue
    const close = lower.indexOf(`</${hidden}`, at)
    if (hidden === 'title' && title === '') title = page.slice(at, close < 0 ? undefined : close).trim()
    if (close < 0) break
    at = close
  }
  const body = words.join(' ').trim()
  return [title, body].filter((part) => part !== '').join(': ')
}

/** What a person would read of an answer's body: the message of JSON, the title and the words of a page; at most 1,000 characters, on one line, without secrets. */
export function readable(answer: Answer, redact: (text: string) => string): string {
  const { text, headers } = answer
  const words = /html/i.test(headers['content-type'] ?? '') || /^\s*</.test(text) ? wordsOf(text) : text
  // eslint-disable-next-line no-control-regex -- what a terminal would obey
  const line = redact(words.replace(/[\u0000-\u001f\u007f-\u009f\s]+/g, ' ').trim().slice(0, longestRead))
  return line.length > longestQuote ? `${line.slice(0, longestQuote)} …` : line
}

interface ServerMessage {
  readonly code: string | undefined
  readonly message: string | undefined
}

function serverMessage(text: string): ServerMessage | undefined {
  let body: unknown
  try {
    body = JSON.parse(text)
  } catch {
    return undefined // Not JSON: read as a page.
  }
  if (typeof body !== 'object' || body === null) return undefined
  const { error_code: code, message, detail } = body as { readonly [key: string]: unknown }
  const said = typeof message === 'string' ? message : typeof detail === 'string' ? detail : undefined
  if (typeof code !== 'string' && said === undefined) return undefined
  return { code: typeof code === 'string' ? code : undefined, message: said }
}

/** The codes of ours for MLflow's, where the status alone does not tell. */
const codes: ReadonlyMap<string, string> = new Map([
  ['RESOURCE_ALREADY_EXISTS', 'MLFLOW_EXISTS'],
  ['ALREADY_EXISTS', 'MLFLOW_EXISTS'],
  ['RESOURCE_CONFLICT', 'MLFLOW_EXISTS'],
  ['RESOURCE_DOES_NOT_EXIST', 'MLFLOW_NOT_FOUND'],
  ['NOT_FOUND', 'MLFLOW_NOT_FOUND'],
  ['REQUEST_LIMIT_EXCEEDED', 'MLFLOW_RATE'],
  ['RESOURCE_LIMIT_EXCEEDED', 'MLFLOW_LIMIT'],
  ['PERMISSION_DENIED', 'MLFLOW_FORBIDDEN'],
  ['UNAUTHENTICATED', 'MLFLOW_AUTH'],
  ['CUSTOMER_UNAUTHORIZED', 'MLFLOW_AUTH'],
  ['NOT_IMPLEMENTED', 'MLFLOW_UNSUPPORTED'],
  ['FEATURE_DISABLED', 'MLFLOW_CONFIG'],
  ['ENDPOINT_NOT_FOUND', 'MLFLOW_ENDPOINT'],
])

function codeOf(status: number, mlflowCode: string | undefined): string {
  const known = mlflowCode === undefined ? undefined : codes.get(mlflowCode)
  if (known !== undefined) return known
  if (status === 401 || status === 407) return 'MLFLOW_AUTH'
  if (status === 403) return 'MLFLOW_FORBIDDEN'
  // Only MLflow itself knows that a run does not exist; another's 404 means that MLflow is not there.
  if (status === 404) return mlflowCode === undefined ? 'MLFLOW_ENDPOINT' : 'MLFLOW_NOT_FOUND'
  if (status === 405) return 'MLFLOW_ENDPOINT'
  if (status === 408 || status === 504) return 'MLFLOW_TIMEOUT'
  if (status === 409) return 'MLFLOW_EXISTS'
  if (status === 413) return 'MLFLOW_LIMIT'
  if (status === 429) return 'MLFLOW_RATE'
  if (status === 501) return 'MLFLOW_UNSUPPORTED'
  return status >= 500 ? 'MLFLOW_SERVER' : 'MLFLOW_INVALID'
}

function remedyOf(code: string, answer: Answer, url: string): string {
  const { status, text } = answer
  if (/DNS rebinding|invalid host header/i.test(text)) return `The server refuses the host in '${url}'. Start it with --allowed-hosts and that host (MLFLOW_SERVER_ALLOWED_HOSTS), or use a name that it allows`
  if (/cross-origin request blocked/i.test(text)) return 'The server refuses the origin. Start it with --cors-allowed-origins (MLFLOW_SERVER_CORS_ALLOWED_ORIGINS)'
  switch (code) {
    case 'MLFLOW_AUTH':
      if (status === 407) return 'A proxy on the way asks for credentials: put them into HTTP_PROXY or HTTPS_PROXY'
      return /basic/i.test(answer.headers['www-authenticate'] ?? '')
        ? 'Set MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD (or the options username and password); this server takes no token'
        : 'Check MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, or MLFLOW_TRACKING_TOKEN'
    case 'MLFLOW_FORBIDDEN':
      return 'The user has no permission for it; servers also answer this for what does not exist. Ask its administrator, or sign in as another user'
    case 'MLFLOW_ENDPOINT':
      return `Nothing of MLflow answers there. Check the path of the tracking URI ('${url}'): a prefix may be missing or too much, or the server is too old for this call`
    case 'MLFLOW_LIMIT':
      return 'The request is larger than the server, or a proxy before it, accepts. Raise its limit (client_max_body_size of nginx), or send less'
    case 'MLFLOW_RATE':
      return 'The server asks for fewer requests. Wait, or log in larger batches'
    case 'MLFLOW_TIMEOUT':
      return 'The server, or what is behind a proxy, is too slow'
    case 'MLFLOW_CONFIG':
      return 'For workspaces, start it with --enable-workspaces, or unset MLFLOW_WORKSPACE'
    case 'MLFLOW_UNSUPPORTED':
      return 'This server cannot do it: its version or its storage does not offer it'
    case 'MLFLOW_SERVER':
      // MLflow itself says what failed; proxies show a page.
      return (status === 502 || status === 503) && isHtml(answer) ? 'A proxy answers there, and does not reach MLflow behind it: look whether MLflow runs' : "Look at the server's own log"
    default:
      return ''
  }
}

const reasons: { readonly [code: string]: string } = {
  MLFLOW_CONFIG: 'was started without what is asked for',
  MLFLOW_AUTH: 'refused the credentials, or was given none',
  MLFLOW_FORBIDDEN: 'forbids it',
  MLFLOW_NOT_FOUND: 'knows no such thing',
  MLFLOW_ENDPOINT: 'has no such call',
  MLFLOW_EXISTS: 'has it already',
  MLFLOW_INVALID: 'refused the request',
  MLFLOW_LIMIT: 'refused the size of the request',
  MLFLOW_RATE: 'refuses further requests for now',
  MLFLOW_SERVER: 'failed',
  MLFLOW_TIMEOUT: 'gave up waiting',
  MLFLOW_UNSUPPORTED: 'does not support it',
}

/** The error of an answer other than 2xx. `url` is the server's, without credentials; `redact` removes secrets from what the answer repeats. */
export function errorOfAnswer(answer: Answer, call: FailedCall, url: string, redact: (text: string) => string, attempts = 1): MlflowError {
  const said = serverMessage(answer.text)
  // Other programs have codes of other kinds; MLflow's are names.
  const mlflowCode = said?.code !== undefined && /^[A-Z][A-Z_]*$/.test(said.code) ? said.code : undefined
  const code = codeOf(answer.status, mlflowCode)
  const quote = readable({ ...answer, text: said?.message ?? answer.text }, redact)
  const remedy = remedyOf(code, answer, url)
  const sentences = [
    `${url} ${reasons[code] ?? 'refused the request'}: ${call.method} ${call.path} was answered ${answer.status}${mlflowCode === undefined ? '' : ` ${mlflowCode}`}${attempts > 1 ? ` (${attempts} attempts)` : ''}`,
    quote === '' ? '' : `It says: ${quote.replace(/[.\s]+$/, '')}`,
    remedy,
  ].filter((sentence) => sentence !== '')
  return new MlflowError(code, sentences.join('. '), { status: answer.status, ...(mlflowCode !== undefined && { mlflowCode }), call })
}

/** The error of an answer from a storage, to which MLflow has sent us by an address that it signed. */
export function errorOfStorage(answer: Answer, call: FailedCall, redact: (text: string) => string, attempts: number): MlflowError {
  const quote = readable(answer, redact).replace(/[.\s]+$/, '')
  const remedy = answer.status === 403 || answer.status === 400 ? "The address may have expired, or the storage's own rules forbid it: ask whoever runs the MLflow server" : 'Try again later, or ask whoever runs the storage behind the MLflow server'
  return new MlflowError('MLFLOW_STORAGE', `The storage behind MLflow answered ${call.method} ${call.path} with ${answer.status}${attempts > 1 ? ` (${attempts} attempts)` : ''}${quote === '' ? '' : `. It says: ${quote}`}. ${remedy}`, { status: answer.status, call })
}

/** The JSON object of a 2xx answer; `{}` of an empty one. */
export function parseJson(answer: Answer, call: FailedCall, url: string, redact: (text: string) => string): unknown {
  if (answer.text.trim() === '') return {}
  let value: unknown
  try {
    value = JSON.parse(answer.text)
  } catch {
    // The parser's error quotes the text; ours does it without secrets.
    throw new MlflowError('MLFLOW_ANSWER', unexpected(answer, call, url, redact), { status: answer.status, call })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new MlflowError('MLFLOW_ANSWER', unexpected(answer, call, url, redact), { status: answer.status, call })
  return value
}

/** By its text: MLflow says `text/html` of everything that is not JSON, its version among it. */
export function isHtml(answer: Answer): boolean {
  return /^\s*<(!doctype|html|\?xml)/i.test(answer.text)
}

/** What to say of a 2xx answer that MLflow cannot have given. */
export function unexpected(answer: Answer, call: FailedCall, url: string, redact: (text: string) => string): string {
  const quote = readable(answer, redact).slice(0, 300)
  const what = isHtml(answer) ? 'a page in place of what MLflow answers. It may be the login page of a proxy (sign in with a token: MLFLOW_TRACKING_TOKEN), or the tracking URI lacks its path' : 'something other than the JSON of MLflow. Check the tracking URI and proxies on the way'
  return `${url} answered ${call.method} ${call.path} with ${what}. It begins: ${quote}`
}
