import { join } from 'node:path'
import { inHome, readIfThere, type Variables } from './environment.ts'
import type { Credentials } from './credentials.ts'
import { MlflowError } from './errors.ts'
import { parseIni } from './ini.ts'
import { Secret } from './secret.ts'

/** A workspace of Databricks: its host, and a token or a user for it. */
export interface Workspace {
  readonly host: string
  readonly credentials: Credentials
}

/**
 * DATABRICKS_HOST and DATABRICKS_TOKEN, or a profile of `~/.databrickscfg` (DATABRICKS_CONFIG_FILE). A profile that is named, in the URI or
 * by DATABRICKS_CONFIG_PROFILE, is read from the file alone, and has nothing from its `[DEFAULT]`. Throws `MLFLOW_CONFIG`.
 */
export function readWorkspace(named: string | undefined, variables: Variables): Workspace {
  const profile = named ?? variables.text('DATABRICKS_CONFIG_PROFILE')
  const path = variables.path('DATABRICKS_CONFIG_FILE') ?? inHome(variables, '.databrickscfg')
  const remedy = `Set DATABRICKS_HOST and DATABRICKS_TOKEN, or write host and token under [${profile ?? 'DEFAULT'}] of ${join(path)}`
  const text = readIfThere(path, 'profiles of Databricks')
  const ini = text === undefined ? undefined : parseIni(text)
  if (named !== undefined && ini?.sections.has(named) !== true) throw new MlflowError('MLFLOW_CONFIG', `There is no profile '${named}' in ${path}. ${remedy}`)
  const value = (variable: string, name: string) => (profile === undefined ? variables.text(variable) : undefined) ?? ini?.own(profile ?? 'DEFAULT', name)
  const host = value('DATABRICKS_HOST', 'host')
  const token = value('DATABRICKS_TOKEN', 'token')
  const username = value('DATABRICKS_USERNAME', 'username')
  const password = value('DATABRICKS_PASSWORD', 'password')
  if (host === undefined || host === '') throw new MlflowError('MLFLOW_CONFIG', `No host of Databricks is configured. ${remedy}`)
  if (!token && !(username && password)) throw new MlflowError('MLFLOW_CONFIG', `No token for Databricks is configured; other ways to sign in (OAuth, Azure, Google) are not supported here. ${remedy}`)
  return {
    host: /^https?:\/\//i.test(host) ? host : `https://${host}`,
    // A token comes first there, unlike elsewhere.
    credentials: token ? { token: new Secret(token) } : { username, password: new Secret(password!) },
  }
}
