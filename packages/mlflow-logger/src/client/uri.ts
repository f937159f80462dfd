import { MlflowError } from './errors.ts'
import { Secret, withoutCredentials } from './secret.ts'

/** What a tracking or registry URI says. */
export type ServerUri =
  | { readonly kind: 'http'; /** Without credentials, query and slash at its end. */ readonly url: string; readonly username: string | undefined; readonly password: Secret | undefined }
  | { readonly kind: 'databricks'; /** In `.databrickscfg`; undefined for the default. */ readonly profile: string | undefined }

/** Databases that an MLflow server can be started over. */
const databases = /^(sqlite|postgresql|postgres|mysql|mssql)(\+[a-z0-9_]+)?:/i

function refuse(source: string, message: string): never {
  throw new MlflowError('MLFLOW_URI', `${source}: ${message}`)
}

/** `text` as it may be shown: without what stands before its last `@`, because a password that is not encoded may hold any character. */
function shown(text: string): string {
  return withoutCredentials(text.replace(/^([^:/]*:\/\/).*@/s, '$1')).replace(/[?#].*$/s, '')
}

/**
 * Reads a URI as MLflow's users write it. `source` says in errors where it stands, as in `MLFLOW_TRACKING_URI`. Throws `MLFLOW_URI`,
 * with the command of the server to start for what only works inside Python.
 */
export function parseServerUri(text: string, source: string): ServerUri {
  const uri = text.trim()
  if (uri === '') refuse(source, "is empty. Give the URL of an MLflow server, as in 'http://localhost:5000'")
  const databricks = /^databricks(?::\/\/(.*))?$/i.exec(uri)
  if (databricks !== null) {
    const profile = databricks[1]?.replace(/\/+$/, '')
    if (profile?.includes(':')) refuse(source, "secrets of Databricks' own scopes are read inside Databricks only. Set DATABRICKS_HOST and DATABRICKS_TOKEN and use 'databricks'")
    return { kind: 'databricks', profile: profile === '' ? undefined : profile }
  }
  if (/^(databricks-uc|uc)(:|$)/i.test(uri)) refuse(source, `models in Unity Catalog ('${shown(uri)}') have an interface of their own, which this client does not speak. Use 'databricks' for the workspace registry`)
  const start = (store: string) => `works inside Python only. Start a server over it with \`mlflow server --backend-store-uri ${store}\` and give its URL, as in 'http://localhost:5000'`
  // Tried with MLflow 3.17: without the variable its server answers 500 to every call.
  const startFolder = (folder: string) => `${start(folder)}. New servers need MLFLOW_ALLOW_FILE_STORE=true in their environment for a folder, or make a database of it: \`mlflow migrate-filestore --help\``
  if (databases.test(uri)) refuse(source, `'${shown(uri)}' is a database, which ${start(shown(uri))}`)
  if (/^file:/i.test(uri)) refuse(source, `'${shown(uri)}' is a folder, which ${startFolder(shown(uri))}`)
  if (/^(localhost|[\w-]+(\.[\w-]+)+|\[[0-9a-f:]+\])(:\d+)(\/.*)?$/i.test(uri)) refuse(source, `'${shown(uri)}' has no scheme. Add http:// (or https://): 'http://${shown(uri)}'`)
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1]?.toLowerCase()
  // One letter is a drive of Windows.
  if (scheme === undefined) refuse(source, `'${shown(uri)}' is a path, which ${startFolder(shown(uri))}. If it is a host, add http://`)
  if (scheme !== 'http' && scheme !== 'https') refuse(source, `nothing here speaks '${scheme}:'. Give the URL of an MLflow server (http or https), 'databricks' or 'databricks://profile'`)
  let url: URL
  try {
    url = new URL(uri)
  } catch {
    // What the parser says holds the text with its password.
    refuse(source, `'${shown(uri)}' is no URL. Write it as in 'https://mlflow.example.com/prefix', with % codes for special characters of a password`)
  }
  if (url.search !== '' || url.hash !== '') refuse(source, `'${shown(uri)}' has a query or a fragment (from the address line of a browser?). Give what stands before '?' and '#'`)
  const decode = (part: string) => {
    try {
      return decodeURIComponent(part)
    } catch {
      return part
    }
  }
  return {
    kind: 'http',
    url: `${url.origin}${url.pathname}`.replace(/\/+$/, ''),
    username: url.username === '' ? undefined : decode(url.username),
    password: url.password === '' ? undefined : new Secret(decode(url.password)),
  }
}
