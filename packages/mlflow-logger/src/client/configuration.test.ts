import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { Agent as HttpsAgent } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { resolveConfiguration } from './configuration.ts'
import type { Environment } from './environment.ts'
import { MlflowError } from './errors.ts'
import type { ConnectionOptions } from './options.ts'

let home: string
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'attune-home-'))
})
afterEach(() => rmSync(home, { recursive: true }))

function resolve(options: ConnectionOptions = {}, environment: Environment = {}) {
  return resolveConfiguration(options, { HOME: home, ...environment })
}
function refused(options: ConnectionOptions, environment: Environment = {}): MlflowError {
  try {
    resolve(options, environment)
  } catch (error) {
    expect(error).toBeInstanceOf(MlflowError)
    return error as MlflowError
  }
  return expect.fail('it was accepted')
}
const sent = (options: ConnectionOptions = {}, environment: Environment = {}) => {
  const { url, headers } = resolve(options, { MLFLOW_TRACKING_URI: 'http://host:5000', ...environment }).tracking
  return { url, ...Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, value.reveal()])) }
}
const basic = (user: string, password: string) => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
function writeCredentials(text: string): void {
  mkdirSync(join(home, '.mlflow'), { recursive: true })
  writeFileSync(join(home, '.mlflow', 'credentials'), text)
}

describe('the server', () => {
  it.each([
    ['http://localhost:5000', 'http://localhost:5000'],
    ['https://mlflow.example.com/', 'https://mlflow.example.com'],
    ['https://mlflow.example.com/a/b//', 'https://mlflow.example.com/a/b'],
    [' HTTP://EXAMPLE.com:80/x ', 'http://example.com/x'],
    ['http://[::1]:5000', 'http://[::1]:5000'],
    ['http://user:pass@host', 'http://host'],
  ])('%s is %s', (uri, url) => expect(resolve({ trackingUri: uri }).tracking.url).toBe(url))

  it.each([
    ['localhost:5000', /has no scheme\. Add http:\/\/ \(or https:\/\/\): 'http:\/\/localhost:5000'/],
    ['mlflow.example.com:443/prefix', /Add http:\/\//],
    ['192.168.0.7:5000', /Add http:\/\//],
    ['file:///home/me/mlruns', /`mlflow server --backend-store-uri file:\/\/\/home\/me\/mlruns`.*MLFLOW_ALLOW_FILE_STORE=true.*`mlflow migrate-filestore/],
    ['./mlruns', /is a path.*`mlflow server --backend-store-uri \.\/mlruns`.*MLFLOW_ALLOW_FILE_STORE=true/],
    ['/data/mlruns', /`mlflow server --backend-store-uri \/data\/mlruns`/],
    ['C:\\mlruns', /`mlflow server --backend-store-uri C:\\mlruns`/],
    ['mlruns', /is a path/],
    ['sqlite:///mlflow.db', /is a database.*`mlflow server --backend-store-uri sqlite:\/\/\/mlflow\.db`.*'http:\/\/localhost:5000'/],
    ['postgresql://db:5432/mlflow', /`mlflow server --backend-store-uri postgresql:\/\/db:5432\/mlflow`/],
    ['mysql+pymysql://db/mlflow', /is a database/],
    ['ftp://host', /nothing here speaks 'ftp:'/],
    ['arn:aws:sagemaker:eu:1:mlflow-tracking-server/x', /nothing here speaks 'arn:'/],
    ['databricks-uc', /Unity Catalog/],
    ['databricks://scope:prefix', /DATABRICKS_HOST and DATABRICKS_TOKEN/],
    ['http://host:port', /is no URL/],
    ['http://host/#/experiments/0', /address line of a browser/],
    ['   ', /is empty/],
  ])('%s is refused, with the remedy', (uri, message) => {
    for (const error of [refused({ trackingUri: uri }), ...(uri.trim() === '' ? [] : [refused({}, { MLFLOW_TRACKING_URI: uri })])]) {
      expect(error.code).toBe('MLFLOW_URI')
      expect(error.message).toMatch(message)
    }
    expect(refused({ trackingUri: uri }).message).toContain("the option 'trackingUri'")
    if (uri.trim() !== '') expect(refused({}, { MLFLOW_TRACKING_URI: uri }).message).toContain('MLFLOW_TRACKING_URI')
    expect(refused({ trackingUri: 'http://host', registryUri: uri }).message).toContain("the option 'registryUri'")
  })

  it('is asked for where none is configured', () => {
    expect(refused({})).toMatchObject({ code: 'MLFLOW_URI' })
    expect(refused({}, { MLFLOW_TRACKING_URI: '' }).message).toMatch(/Set MLFLOW_TRACKING_URI.*mlflow server --port 5000/)
  })

  it('has the registry where nothing else is said', () => {
    const same = resolve({ trackingUri: 'http://host' })
    expect(same.registry).toBe(same.tracking)
    expect(resolve({ trackingUri: 'http://host' }, { MLFLOW_REGISTRY_URI: 'http://models/x' }).registry.url).toBe('http://models/x')
  })
})

describe('credentials', () => {
  it('come from options, then the URI, then variables, then the file, each value on its own', () => {
    writeCredentials('[mlflow]\nmlflow_tracking_username = file-user\nmlflow_tracking_password: file-word\n')
    expect(sent()).toEqual({ url: 'http://host:5000', authorization: basic('file-user', 'file-word') })
    expect(sent({}, { MLFLOW_TRACKING_USERNAME: 'env-user' })).toMatchObject({ authorization: basic('env-user', 'file-word') })
    expect(sent({}, { MLFLOW_TRACKING_PASSWORD: 'env-word' })).toMatchObject({ authorization: basic('file-user', 'env-word') })
    expect(sent({}, { MLFLOW_TRACKING_URI: 'http://uri-user:uri%40word@host', MLFLOW_TRACKING_USERNAME: 'env-user' })).toMatchObject({ url: 'http://host', authorization: basic('uri-user', 'uri@word') })
    expect(sent({ username: 'user', password: 'word' }, { MLFLOW_TRACKING_URI: 'http://a:b@host' })).toMatchObject({ authorization: basic('user', 'word') })
    expect(sent({ password: 'word' })).toMatchObject({ authorization: basic('file-user', 'word') })
    expect(sent({ token: 'given' }, { MLFLOW_TRACKING_USERNAME: 'a', MLFLOW_TRACKING_PASSWORD: 'b' })).toMatchObject({ authorization: 'Bearer given' })
  })

  it('are a token where user and password are not complete', () => {
    expect(sent({}, { MLFLOW_TRACKING_TOKEN: 'token', MLFLOW_TRACKING_USERNAME: 'half' })).toMatchObject({ authorization: 'Bearer token' })
    expect(sent({}, { MLFLOW_TRACKING_TOKEN: 'token', MLFLOW_TRACKING_USERNAME: 'a', MLFLOW_TRACKING_PASSWORD: 'b' })).toMatchObject({ authorization: basic('a', 'b') })
    expect(sent()).toEqual({ url: 'http://host:5000' })
  })

  it('reads the file as Python does, and passes over what is not in its section', () => {
    writeCredentials('\ufeff# a comment\n; another\n[DEFAULT]\nmlflow_tracking_username = shared\n[other]\nmlflow_tracking_username = nobody\n[mlflow]\r\nMLFLOW_TRACKING_PASSWORD = with = signs : and # more\n')
    expect(sent()).toMatchObject({ authorization: basic('shared', 'with = signs : and # more') })
    writeCredentials('[mlflow]\nmlflow_tracking_username = a\nmlflow_tracking_password = 50%% of %d\n')
    expect(sent()).toMatchObject({ authorization: basic('a', '50% of %d') })
    writeCredentials('[other]\nmlflow_tracking_username = nobody\nmlflow_tracking_password = x\n')
    expect(sent()).toEqual({ url: 'http://host:5000' })
    writeCredentials('no section\n')
    expect(sent()).toEqual({ url: 'http://host:5000' })
  })

  it('says which file cannot be read, and nothing of what stands in it', () => {
    mkdirSync(join(home, '.mlflow', 'credentials'), { recursive: true })
    const error = refused({ trackingUri: 'http://host' })
    expect(error.message).toContain(join(home, '.mlflow', 'credentials'))
  })

  it('travel beside the workspace and headers of one’s own', () => {
    expect(sent({ headers: { 'X-Team': 'a' } }, { MLFLOW_WORKSPACE: ' team-a ', MLFLOW_TRACKING_TOKEN: 't' })).toEqual({ url: 'http://host:5000', authorization: 'Bearer t', 'x-team': 'a', 'x-mlflow-workspace': 'team-a' })
    expect(sent({ workspace: 'option' }, { MLFLOW_WORKSPACE: 'variable' })).toMatchObject({ 'x-mlflow-workspace': 'option' })
    expect(sent({ headers: { Authorization: 'Custom 1' } }, { MLFLOW_TRACKING_TOKEN: 't' })).toMatchObject({ authorization: 'Custom 1' })
  })
})

describe('Databricks', () => {
  const file = (text: string) => writeFileSync(join(home, '.databrickscfg'), text)
  it('is reached with variables, or a profile of the file', () => {
    expect(sent({ trackingUri: 'databricks' }, { DATABRICKS_HOST: 'https://dbc.example.com/', DATABRICKS_TOKEN: 'dapi' })).toEqual({ url: 'https://dbc.example.com', authorization: 'Bearer dapi' })
    file('[DEFAULT]\nhost = https://default.example.com\ntoken = dapi-default\n[staging]\nhost = staging.example.com\ntoken = dapi-staging\n[old]\nhost = https://old.example.com\ntoken =\nusername = alice\npassword = word\n')
    expect(sent({ trackingUri: 'databricks' })).toEqual({ url: 'https://default.example.com', authorization: 'Bearer dapi-default' })
    expect(sent({ trackingUri: 'databricks://staging' }, { DATABRICKS_HOST: 'https://elsewhere', DATABRICKS_TOKEN: 'other' })).toEqual({ url: 'https://staging.example.com', authorization: 'Bearer dapi-staging' })
    expect(sent({ trackingUri: 'databricks' }, { DATABRICKS_CONFIG_PROFILE: 'staging' })).toMatchObject({ url: 'https://staging.example.com' })
    expect(sent({ trackingUri: 'databricks://old' })).toMatchObject({ authorization: basic('alice', 'word') })
    expect(sent({ trackingUri: 'databricks' }, { DATABRICKS_TOKEN: 'variable' })).toEqual({ url: 'https://default.example.com', authorization: 'Bearer variable' })
  })

  it('takes no credentials of other servers', () => {
    expect(sent({ trackingUri: 'databricks' }, { DATABRICKS_HOST: 'https://dbc.example.com', DATABRICKS_TOKEN: 'dapi', MLFLOW_TRACKING_USERNAME: 'a', MLFLOW_TRACKING_PASSWORD: 'b' })).toMatchObject({ authorization: 'Bearer dapi' })
  })

  it('says what is missing, and where to write it', () => {
    expect(refused({ trackingUri: 'databricks' }).message).toMatch(/No host.*DATABRICKS_HOST and DATABRICKS_TOKEN.*\[DEFAULT\] of .*\.databrickscfg/)
    expect(refused({ trackingUri: 'databricks' }, { DATABRICKS_HOST: 'https://h', DATABRICKS_CLIENT_ID: 'x' }).message).toMatch(/OAuth.*not supported/)
    file('[DEFAULT]\nhost = https://h\ntoken = t\n')
    expect(refused({ trackingUri: 'databricks://nobody' }).message).toMatch(/no profile 'nobody'/)
  })
})

describe('numbers and flags', () => {
  it('are those of the Python client where nothing is said', () => {
    expect(resolve({ trackingUri: 'http://h' })).toMatchObject({
      retry: { maxRetries: 7, factor: 2000, jitter: 1000, respectRetryAfter: true, deadline: 600_000 },
      timeout: 120_000,
      allowRedirects: true,
      multipart: { from: 500 * 2 ** 20, partSize: 10 * 2 ** 20 },
      destination: { experimentName: undefined, experimentId: undefined, runId: undefined },
    })
  })

  it('are read from the variables of the Python client, and options win', () => {
    const environment = {
      MLFLOW_TRACKING_URI: 'http://h', MLFLOW_HTTP_REQUEST_MAX_RETRIES: '3', MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR: '5', MLFLOW_HTTP_REQUEST_BACKOFF_JITTER: '0.5', MLFLOW_HTTP_REQUEST_TIMEOUT: '30',
      MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER: 'False', MLFLOW_ALLOW_HTTP_REDIRECTS: '0', MLFLOW_ARTIFACT_UPLOAD_DOWNLOAD_TIMEOUT: '60', MLFLOW_MULTIPART_UPLOAD_MINIMUM_FILE_SIZE: '1000', MLFLOW_MULTIPART_UPLOAD_CHUNK_SIZE: '6000000',
      MLFLOW_EXPERIMENT_NAME: 'mnist', MLFLOW_EXPERIMENT_ID: '7', MLFLOW_RUN_ID: 'abc',
    }
    expect(resolve({}, environment)).toMatchObject({
      retry: { maxRetries: 3, factor: 5000, jitter: 500, respectRetryAfter: false }, timeout: 30_000, transferTimeout: 60_000, allowRedirects: false, multipart: { from: 1000, partSize: 6_000_000 },
      destination: { experimentName: 'mnist', experimentId: '7', runId: 'abc' },
    })
    expect(resolve({ maxRetries: 0, backoffFactor: 1, backoffJitter: 2, timeout: 3, respectRetryAfter: true, allowRedirects: true, deadline: 5 }, environment)).toMatchObject({ retry: { maxRetries: 0, factor: 1, jitter: 2, respectRetryAfter: true, deadline: 5 }, timeout: 3, allowRedirects: true })
  })

  it.each([
    ['MLFLOW_HTTP_REQUEST_MAX_RETRIES', ['-1', '11', '1.5', 'seven', '0x3', 'Infinity', ' '], /a whole number from 0 to 10/],
    ['MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR', ['-1', '121', 'nan'], /a number from 0 to 120/],
    ['MLFLOW_HTTP_REQUEST_BACKOFF_JITTER', ['-0.1', 'x'], /a number from 0 to 120/],
    ['MLFLOW_HTTP_REQUEST_TIMEOUT', ['0', '-5', '1e9', '2m'], /a number from 0\.001 to 86400/],
    ['MLFLOW_HTTP_RESPECT_RETRY_AFTER_HEADER', ['yes', 'on', '2'], /true, false, 1 or 0/],
    ['MLFLOW_ALLOW_HTTP_REDIRECTS', ['no'], /true, false, 1 or 0/],
    ['MLFLOW_TRACKING_INSECURE_TLS', ['maybe'], /true, false, 1 or 0/],
  ])('%s is refused where it is not readable or out of range, by name', (name, values, message) => {
    for (const value of values) {
      const error = refused({ trackingUri: 'http://h' }, { [name]: value })
      expect(error.code, value).toBe('MLFLOW_CONFIG')
      expect(error.message).toContain(`${name} is '${value}'`)
      expect(error.message).toMatch(message)
    }
  })

  it('says that requests cannot be signed as plugins of Python do, unless credentials are given', () => {
    expect(refused({ trackingUri: 'http://h' }, { MLFLOW_TRACKING_AWS_SIGV4: 'true' }).message).toMatch(/MLFLOW_TRACKING_AWS_SIGV4 asks for a plugin of Python/)
    expect(refused({ trackingUri: 'http://h' }, { MLFLOW_TRACKING_AUTH: 'kubernetes' }).message).toMatch(/MLFLOW_TRACKING_AUTH asks/)
    expect(resolve({ trackingUri: 'http://h', token: 't' }, { MLFLOW_TRACKING_AUTH: 'kubernetes' }).tracking.url).toBe('http://h')
    expect(resolve({ trackingUri: 'http://h' }, { MLFLOW_TRACKING_AWS_SIGV4: 'false' }).tracking.url).toBe('http://h')
  })

  it.each<[ConnectionOptions, RegExp]>([
    [{ maxRetries: 11 }, /'maxRetries' is 11, and has to be a whole number from 0 to 10/],
    [{ timeout: Number.NaN }, /'timeout' is NaN/],
    [{ partSize: 1000 }, /'partSize' is 1000, and has to be a whole number from 5242880/],
    [{ keepAlive: 'yes' as unknown as boolean }, /'keepAlive' has to be true or false/],
    [{ username: 5 as unknown as string }, /'username' has to be a text/],
    [{ trackingUrl: 'x' } as unknown as ConnectionOptions, /no option 'trackingUrl'.*trackingUri/],
    [{ workspace: 'zürich 😀' }, /cannot be the name of a workspace/],
    [{ headers: { 'bad name': 'x' } }, /'bad name' cannot be the name of a header/],
    [{ headers: { 'x-a': 'line\nend' } }, /header 'x-a' has a value that no header can carry/],
    [{ headers: { Host: 'x' } }, /'Host' belongs to each request/],
    [{ token: 'two words' }, /token holds spaces/],
    [{ username: 'alice' }, /the option 'password' is missing/],
    [{ password: 'word' }, /the option 'username' is missing/],
    [{ insecureTls: true, serverCertPath: '/ca.pem' }, /both ignored.*and checked/],
    [{ httpsAgent: new HttpsAgent(), insecureTls: true }, /business of the httpsAgent/],
    [{ serverCertPath: '/nowhere/ca.pem' }, /\/nowhere\/ca\.pem, with the certificates to trust, cannot be read \(ENOENT\)/],
    [{ clientCertPath: '/nowhere/me.pem' }, /our certificate and its key, cannot be read/],
  ])('option %# is refused', (options, message) => {
    const error = refused({ trackingUri: 'http://h', ...options })
    expect(error.code).toBe('MLFLOW_CONFIG')
    expect(error.message).toMatch(message)
  })
})
