import { pbkdf2Sync } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { startMlflow } from '../../../../tools/python/mlflow.mjs'
import type { ConnectionOptions } from './options.ts'

export interface StartedServer {
  readonly options: ConnectionOptions & { readonly trackingUri: string }
  stop(): Promise<void>
}

/** A real server with basic authentication, and on it a user who is no administrator. */
export async function startServerWithUser(): Promise<StartedServer> {
  const server = await startMlflow({ auth: true })
  const user = { username: 'ada', password: 'correct horse battery' }
  const headers = { authorization: `Basic ${btoa(`${server.username}:${server.password}`)}`, 'content-type': 'application/json' }
  const created = await fetch(`${server.url}/api/2.0/mlflow/users/create`, { method: 'POST', headers, body: JSON.stringify(user) })
  if (!created.ok) {
    await server.stop()
    throw new Error(`no user: ${created.status} ${await created.text()}`)
  }
  // MLflow checks the password's hash at each request, which takes a tenth of a second of a processor; one round of hashing takes none.
  const database = new DatabaseSync(join(server.folder, 'auth.db'))
  const hash = `pbkdf2:sha256:1$salt$${pbkdf2Sync(user.password, 'salt', 1, 32, 'sha256').toString('hex')}`
  database.prepare('UPDATE users SET password_hash = ? WHERE username = ?').run(hash, user.username)
  database.close()
  return { options: { trackingUri: server.url, ...user }, stop: () => server.stop() }
}
