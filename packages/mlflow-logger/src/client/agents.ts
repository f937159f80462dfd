import { readFileSync } from 'node:fs'
import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { createSecureContext } from 'node:tls'
import { refuse, type Settings } from './settings.ts'

/** What makes connections. */
export interface Agents {
  readonly http: HttpAgent
  readonly https: HttpsAgent
  /** Destroys those that are ours. */
  close(): void
}

/** How connections are made, with certificates read and checked for contradictions at once. Each answer of the function has agents of its own. */
export function readAgents(settings: Settings): () => Agents {
  const { options, variables } = settings
  const insecure = settings.flag('insecureTls', 'MLFLOW_TRACKING_INSECURE_TLS') ?? false
  const ownAuthorities = settings.text('serverCertPath') ?? variables.path('MLFLOW_TRACKING_SERVER_CERT_PATH')
  const clientCertificate = settings.text('clientCertPath') ?? variables.path('MLFLOW_TRACKING_CLIENT_CERT_PATH')
  if (insecure && ownAuthorities !== undefined) refuse('Certificates cannot be both ignored (insecureTls, MLFLOW_TRACKING_INSECURE_TLS) and checked (serverCertPath, MLFLOW_TRACKING_SERVER_CERT_PATH). Leave one out')
  if (options.httpsAgent !== undefined && (insecure || ownAuthorities !== undefined || clientCertificate !== undefined)) refuse('Certificates are the business of the httpsAgent that is given. Configure them there, and leave out insecureTls, serverCertPath, clientCertPath and their variables')
  const authorities = ownAuthorities ?? variables.path('REQUESTS_CA_BUNDLE') ?? variables.path('CURL_CA_BUNDLE')
  const ca = insecure || authorities === undefined || options.httpsAgent !== undefined ? undefined : readPem(authorities, 'the certificates to trust')
  const certificate = clientCertificate === undefined ? undefined : readPem(clientCertificate, 'our certificate and its key')
  // Node passes over authorities that it cannot read, and tells of a wrong certificate at each connection.
  if (ca !== undefined && !/-----BEGIN (TRUSTED |X509 )?CERTIFICATE-----/.test(ca.toString('latin1'))) refuse(`${authorities}, with the certificates to trust, holds none. Give a PEM file ('-----BEGIN CERTIFICATE-----')`)
  if (certificate !== undefined) checkCertificate(clientCertificate!, certificate)
  const keepAlive = settings.flag('keepAlive')
  return () => {
    const http = options.httpAgent ?? new HttpAgent({ keepAlive: keepAlive ?? false })
    const https = options.httpsAgent ?? new HttpsAgent({ keepAlive: keepAlive ?? true, rejectUnauthorized: !insecure, ...(ca !== undefined && { ca }), ...(certificate !== undefined && { cert: certificate, key: certificate }) })
    return {
      http,
      https,
      close: () => {
        if (options.httpAgent === undefined) http.destroy()
        if (options.httpsAgent === undefined) https.destroy()
      },
    }
  }
}

function checkCertificate(path: string, pem: Buffer): void {
  try {
    createSecureContext({ cert: pem, key: pem })
  } catch (error) {
    // The reasons are OpenSSL's own; the key is in none.
    refuse(`${path}, with our certificate and its key, cannot be used (${error instanceof Error ? error.message : String(error)}). Give one PEM file with both, the key without a password`)
  }
}

function readPem(path: string, purpose: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    return refuse(`${path}, with ${purpose}, cannot be read (${String((error as { readonly code?: unknown }).code)}). Give one PEM file`)
  }
}
