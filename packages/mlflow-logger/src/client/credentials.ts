import { inHome, readIfThere, type Variables } from './environment.ts'
import { MlflowError } from './errors.ts'
import { parseIni } from './ini.ts'
import { Secret } from './secret.ts'

/** Who we are to a server; each value on its own, because they may come from different places. */
export interface Credentials {
  readonly username?: string | undefined
  readonly password?: Secret | undefined
  readonly token?: Secret | undefined
}

/** From the variables, and user and password, each, from `~/.mlflow/credentials` where its variable is not set. */
export function readCredentials(variables: Variables): Credentials {
  const file = readIfThere(inHome(variables, '.mlflow', 'credentials'), 'user and password of MLflow')
  const ini = file === undefined ? undefined : parseIni(file)
  const value = (name: string) => {
    const text = variables.text(name) ?? (ini?.sections.has('mlflow') === true ? ini.get('mlflow', name.toLowerCase()) : undefined)
    return text === '' ? undefined : text
  }
  const password = value('MLFLOW_TRACKING_PASSWORD')
  const token = variables.text('MLFLOW_TRACKING_TOKEN')
  return { username: value('MLFLOW_TRACKING_USERNAME'), password: password === undefined ? undefined : new Secret(password), token: token === undefined ? undefined : new Secret(token) }
}

/**
 * The value of the `Authorization` header. User and password come before a token, and count only together: so MLflow's own client
 * decides, whatever its documentation says.
 */
export function authorization(credentials: Credentials): Secret | undefined {
  const { username, password, token } = credentials
  if (username !== undefined && password !== undefined) return new Secret(`Basic ${Buffer.from(`${username}:${password.reveal()}`).toString('base64')}`)
  if (token === undefined) return undefined
  if (!/^[\x21-\x7e]+$/.test(token.reveal())) throw new MlflowError('MLFLOW_CONFIG', 'The token holds spaces, line ends or other characters that no header can carry. Copy it again, without what stands around it')
  return new Secret(`Bearer ${token.reveal()}`)
}
