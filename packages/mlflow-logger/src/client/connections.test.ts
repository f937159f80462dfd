import axios from 'axios'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { Agent as HttpAgent, createServer as createProxy, request as httpRequest } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { connect as connectSocket, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { missingPython, runPython } from '../../../../tools/python/run.mjs'
import { resolveConfiguration } from './configuration.ts'
import { MlflowError } from './errors.ts'
import { json, startHostile, type HostileServer } from './hostile.test-support.ts'
import type { ConnectionOptions } from './options.ts'
import { createTransport } from './transport.ts'
import type { Transport } from './transport-types.ts'

const transports: Transport[] = []
afterEach(async () => {
  for (const transport of transports.splice(0)) await transport.close()
  vi.unstubAllEnvs()
})
function connect(options: ConnectionOptions, environment: { readonly [name: string]: string } = {}): Transport {
  const transport = createTransport(resolveConfiguration({ maxRetries: 0, ...options }, { HOME: '/nonexistent', ...environment }))
  transports.push(transport)
  return transport
}
const get = { method: 'GET', path: 'experiments/get' } as const
const outcome = (promise: Promise<unknown>) => promise.then(() => 'answered', (error: unknown) => (error instanceof MlflowError ? error.code : String(error)))

/** A certificate authority, a server's certificate and ours, made for this run. */
function certificates(): { readonly authority: string; readonly server: string; readonly serverKey: string; readonly client: string; readonly stranger: string } {
  return runPython(`
import datetime, ipaddress, json
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
now = datetime.datetime.now(datetime.timezone.utc)
def make(name, issuer=None, issuer_key=None):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(issuer or subject).public_key(key.public_key()).serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1)).not_valid_after(now + datetime.timedelta(days=1)).add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), True))
    if name == 'server':
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address('127.0.0.1'))]), False)
    certificate = builder.sign(issuer_key or key, hashes.SHA256())
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    return pem, secret, key, subject
authority, _, key, subject = make('authority')
server, server_key, _, _ = make('server', subject, key)
client, client_key, _, _ = make('client', subject, key)
stranger, _, _, _ = make('stranger')
print(json.dumps({'authority': authority, 'server': server, 'serverKey': server_key, 'client': client + client_key, 'stranger': stranger}))`) as ReturnType<typeof certificates>
}

describe.skipIf(missingPython !== undefined)(`TLS (${missingPython ?? 'certificates made by Python'})`, () => {
  let folder: string
  let plain: HostileServer
  let mutual: HostileServer
  const file = (name: string) => join(folder, name)
  beforeAll(async () => {
    const made = certificates()
    folder = mkdtempSync(join(tmpdir(), 'attune-tls-'))
    for (const [name, text] of Object.entries(made)) writeFileSync(join(folder, name), text)
    plain = await startHostile({ cert: made.server, key: made.serverKey })
    mutual = await startHostile({ cert: made.server, key: made.serverKey, ca: made.authority, requestCert: true, rejectUnauthorized: true })
  })
  afterAll(async () => {
    await plain?.[Symbol.asyncDispose]()
    await mutual?.[Symbol.asyncDispose]()
    rmSync(folder, { recursive: true })
  })

  it('checks certificates, and says what to do about one that it does not trust', async () => {
    const error: unknown = await connect({ trackingUri: plain.url }).json(get).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'MLFLOW_TLS' })
    expect((error as Error).message).toMatch(/MLFLOW_TRACKING_SERVER_CERT_PATH/)
    expect(await outcome(connect({ trackingUri: plain.url, serverCertPath: file('stranger') }).json(get))).toBe('MLFLOW_TLS')
    // Its certificate is for the address, not for the name.
    expect(await outcome(connect({ trackingUri: plain.url.replace('127.0.0.1', 'localhost'), serverCertPath: file('authority') }).json(get))).toMatch(/MLFLOW_(TLS|UNREACHABLE)/)
    expect(plain.requests).toHaveLength(0)
  })

  it('trusts the authority that options or variables name, or any certificate where that is asked for', async () => {
    for (const [options, environment] of [
      [{ serverCertPath: file('authority') }, {}],
      [{}, { MLFLOW_TRACKING_SERVER_CERT_PATH: file('authority') }],
      [{}, { REQUESTS_CA_BUNDLE: file('authority') }],
      [{ insecureTls: true }, {}],
      [{}, { MLFLOW_TRACKING_INSECURE_TLS: 'true' }],
      [{ httpsAgent: new HttpsAgent({ rejectUnauthorized: false }) }, {}],
    ] as const) expect(await outcome(connect({ trackingUri: plain.url, ...options }, environment).json(get)), JSON.stringify([Object.keys(options), environment])).toBe('answered')
  })

  it('shows our certificate to a server that asks for it', async () => {
    const trusted = { trackingUri: mutual.url, serverCertPath: file('authority') }
    expect(await outcome(connect(trusted).json(get))).toMatch(/MLFLOW_(TLS|UNREACHABLE)/)
    expect(await outcome(connect({ ...trusted, clientCertPath: file('client') }).json(get))).toBe('answered')
    expect(await outcome(connect(trusted, { MLFLOW_TRACKING_CLIENT_CERT_PATH: file('client') }).json(get))).toBe('answered')
  })

  it('refuses files that hold no certificates, and does not show what they hold', () => {
    writeFileSync(file('garbage'), 'canary')
    writeFileSync(file('key-only'), `-----BEGIN PRIVATE KEY-----\n${'canary'.repeat(10)}\n-----END PRIVATE KEY-----\n`)
    for (const options of [{ serverCertPath: file('garbage') }, { serverCertPath: file('key-only') }, { clientCertPath: file('garbage') }, { clientCertPath: file('key-only') }, { clientCertPath: file('server') }]) {
      const attempt = () => resolveConfiguration({ trackingUri: plain.url, ...options }, {})
      expect(attempt).toThrow(expect.objectContaining({ code: 'MLFLOW_CONFIG', message: expect.stringMatching(/Give (a|one) PEM file/) as unknown }))
      expect(attempt).not.toThrow('canary')
    }
  })

  it('says so where a server does not speak TLS', async () => {
    await using server = await startHostile()
    const error: unknown = await connect({ trackingUri: server.url.replace('http:', 'https:') }).json(get).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'MLFLOW_TLS', message: expect.stringMatching(/does not speak https\. Write http:/) as unknown })
  })

  it('goes through a proxy, which sees neither request nor credentials of a secure connection', async () => {
    const tunnels: string[] = []
    const proxy = createProxy((_request, response) => void response.writeHead(400).end()).on('connect', (request, socket) => {
      tunnels.push(`${request.url} ${JSON.stringify(request.rawHeaders)}`)
      const [host, port] = request.url!.split(':')
      const upstream = connectSocket(Number(port), host, () => {
        socket.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        upstream.pipe(socket).pipe(upstream)
      })
      for (const end of [upstream, socket]) end.on('error', () => undefined)
    }).listen(0, '127.0.0.1')
    await once(proxy, 'listening')
    try {
      vi.stubEnv('HTTPS_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)
      vi.stubEnv('NO_PROXY', '')
      const before = plain.requests.length
      expect(await outcome(connect({ trackingUri: plain.url, token: 'canary-token', serverCertPath: file('authority') }).json(get))).toBe('answered')
      expect(tunnels).toHaveLength(1)
      expect(tunnels[0]).not.toContain('canary')
      expect(plain.requests.slice(before).map(({ headers }) => headers.authorization)).toEqual(['Bearer canary-token'])
      vi.stubEnv('NO_PROXY', '127.0.0.1')
      expect(await outcome(connect({ trackingUri: plain.url, serverCertPath: file('authority') }).json(get))).toBe('answered')
      expect(tunnels).toHaveLength(1)
    } finally {
      proxy.closeAllConnections()
      proxy.close()
    }
  })
})

it('goes through HTTP_PROXY where the environment says so', async () => {
  await using server = await startHostile()
  const seen: string[] = []
  const proxy = createProxy((request, response) => {
    seen.push(request.url ?? '')
    request.pipe(httpRequest(request.url!, { method: request.method ?? 'GET', headers: request.headers }, (answer) => void answer.pipe(response.writeHead(answer.statusCode ?? 500, answer.headers))))
  }).listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  try {
    vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`)
    vi.stubEnv('NO_PROXY', '')
    server.answer(json(200, { through: true }))
    expect(await connect({ trackingUri: server.url }).json(get)).toEqual({ through: true })
    expect(seen).toEqual([`${server.url}/api/2.0/mlflow/experiments/get`])
  } finally {
    proxy.closeAllConnections()
    proxy.close()
  }
})

it('takes nothing from what others in the program tell axios', async () => {
  await using server = await startHostile()
  const { headers, timeout, baseURL } = axios.defaults
  const interceptor = axios.interceptors.request.use(() => expect.fail('it was intercepted'))
  try {
    Object.assign(axios.defaults, { headers: { common: { 'X-Leak': 'canary' } }, timeout: 1, baseURL: 'http://127.0.0.1:1' })
    expect(await outcome(connect({ trackingUri: server.url }).json(get))).toBe('answered')
    expect(JSON.stringify(server.requests[0]!.rawHeaders)).not.toContain('canary')
  } finally {
    Object.assign(axios.defaults, { headers, timeout, baseURL })
    axios.interceptors.request.eject(interceptor)
  }
})

describe('connections', () => {
  it('are new for each call to an http server, and used again where that is asked for', async () => {
    await using server = await startHostile()
    const ports = new Set<number>()
    server.answer(async (request, response, body) => {
      await body()
      ports.add(request.socket.remotePort ?? 0)
      response.writeHead(200).end('{}')
    })
    const count = async (options: ConnectionOptions) => {
      ports.clear()
      const transport = connect({ trackingUri: server.url, ...options })
      for (let call = 0; call < 5; call++) await transport.json({ method: 'POST', path: 'runs/log-batch', body: {} })
      return ports.size
    }
    expect(await count({})).toBe(5)
    expect(await count({ keepAlive: true })).toBe(1)
    expect(await count({ httpAgent: new HttpAgent({ keepAlive: true }) })).toBe(1)
  })

  it('of an agent that is given are left open by close', async () => {
    await using server = await startHostile()
    const agent = new HttpAgent({ keepAlive: true })
    const transport = connect({ trackingUri: server.url, httpAgent: agent })
    await transport.json(get)
    await transport.close()
    await expect.poll(() => Object.values(agent.freeSockets).flat()).toHaveLength(1)
    agent.destroy()
  })

  it('of our own are closed by close', async () => {
    await using server = await startHostile()
    const transport = connect({ trackingUri: server.url, keepAlive: true })
    await transport.json(get)
    expect(server.sockets.size).toBe(1)
    await transport.close()
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('that the server has closed meanwhile cost a repetition, not a failure', async () => {
    await using server = await startHostile()
    const transport = connect({ trackingUri: server.url, keepAlive: true, maxRetries: 1 })
    await transport.json(get)
    for (const socket of server.sockets) socket.resetAndDestroy()
    expect(await outcome(transport.json(get))).toBe('answered')
  })
})
