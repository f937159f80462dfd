import { MlflowError, type FailedCall } from './errors.ts'

/** An attempt that got no whole answer. */
export class Interrupted extends MlflowError {
  /** Whether the server may have acted on the request: nothing of it was sent if not. */
  readonly sent: boolean

  constructor(code: string, message: string, sent: boolean, call: FailedCall, cause?: unknown) {
    super(code, message, { call, ...(cause !== undefined && { cause }) })
    this.sent = sent
  }
}

/** Errors of connections that were never made. */
const unsent = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EHOSTDOWN', 'ENETDOWN', 'EADDRNOTAVAIL'])
const certificates = /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO)/

function codeOf(error: unknown): string | undefined {
  const { code, cause } = error as { readonly code?: unknown; readonly cause?: unknown }
  if (typeof code === 'string') return code
  return typeof cause === 'object' && cause !== null ? codeOf(cause) : undefined
}

/** Whether nothing was there to connect to, at the last attempt. */
export function isAbsent(error: unknown): boolean {
  return error instanceof MlflowError && error.code === 'MLFLOW_UNREACHABLE' && unsent.has(codeOf({ cause: error.cause }) ?? '')
}

/** An error of axios or a socket without what it carries: the request, with its headers, and the configuration. */
function bare(error: unknown, redact: (text: string) => string): Error {
  const known = error instanceof Error ? error : new Error(String(error))
  // A host with several addresses fails with an error for each, and a message for none.
  const message = known instanceof AggregateError && known.message === '' ? known.errors.map((inner: unknown) => (inner instanceof Error ? inner.message : String(inner))).join('; ') : known.message
  const clean = new Error(redact(message))
  clean.name = known.name
  delete clean.stack
  const code = codeOf(error)
  if (code !== undefined) Object.assign(clean, { code })
  return clean
}

/** What to say of an error of axios or a socket. What may be tried again is an `Interrupted`. */
export function connectionError(error: unknown, call: FailedCall, server: string, redact: (text: string) => string): MlflowError {
  const cause = bare(error, redact)
  const code = codeOf(error) ?? ''
  if (/wrong version number|packet length too long|http request/i.test(cause.message)) return new MlflowError('MLFLOW_TLS', `${server} does not speak https. Write http:// in the tracking URI, or correct its port`, { call, cause })
  if (certificates.test(code)) {
    return new MlflowError('MLFLOW_TLS', `No secure connection to ${server}: ${cause.message} (${code}). Trust its authority by MLFLOW_TRACKING_SERVER_CERT_PATH, give our certificate by MLFLOW_TRACKING_CLIENT_CERT_PATH if it asks for one, or check that it speaks https`, { call, cause })
  }
  if (unsent.has(code)) return new Interrupted('MLFLOW_UNREACHABLE', `${server} cannot be reached (${code}): ${call.method} ${call.path}. Check that the MLflow server runs, its host and port, and proxies (HTTP_PROXY, NO_PROXY)`, false, call, cause)
  if (code.startsWith('HPE_')) return new Interrupted('MLFLOW_UNREACHABLE', `What ${server} answers to ${call.method} ${call.path} is no HTTP (${code}). Check the port, and whether it asks for https`, true, call, cause)
  return new Interrupted('MLFLOW_UNREACHABLE', `The connection to ${server} broke (${code === '' ? cause.message : code}) during ${call.method} ${call.path}. The server may have restarted, or a proxy closed the connection`, true, call, cause)
}
