import type { DatabaseSync, StatementSync } from 'node:sqlite'

/** Every statement that a storage runs, prepared once a connection. */
export interface Statements {
  readonly studyById: StatementSync
  readonly studyByName: StatementSync
  readonly studyByRequest: StatementSync
  readonly allStudies: StatementSync
  readonly insertStudy: StatementSync
  readonly advanceStudy: StatementSync
  readonly redefineStudy: StatementSync
  readonly setOriginal: StatementSync
  readonly deleteStudy: StatementSync
  readonly counts: StatementSync
  readonly trial: StatementSync
  readonly firstWaiting: StatementSync
  readonly running: StatementSync
  readonly putTrial: StatementSync
  readonly request: StatementSync
  readonly insertRequest: StatementSync
  readonly forgetRequests: StatementSync
  readonly countRequests: StatementSync
  readonly timeOf: StatementSync
  readonly deletion: StatementSync
  readonly insertDeletion: StatementSync
  readonly forgetDeletions: StatementSync
  readonly insertChange: StatementSync
  readonly changesBetween: StatementSync
  readonly leaf: StatementSync
  readonly insertLeaf: StatementSync
  readonly copyTrials: StatementSync
  readonly copyChanges: StatementSync
  readonly copyLeaves: StatementSync
}

const study = 'select key, id, name, definition, original, created_at as createdAt, revision, trials from studies'
const head = 'select number, state, attempt, token, owner, lease_end as leaseEnd from trials'

const texts: { readonly [name in keyof Statements]: string } = {
  studyById: `${study} where id = ?`,
  studyByName: `${study} where name = ?`,
  studyByRequest: `${study} where request = ?`,
  allStudies: `${study} order by key`,
  insertStudy: 'insert into studies (id, name, request, definition, created_at, revision, trials) values (?, ?, ?, ?, ?, ?, ?)',
  advanceStudy: 'update studies set revision = ?, trials = ? where key = ?',
  redefineStudy: 'update studies set name = ?, definition = ?, original = coalesce(original, definition) where key = ?',
  setOriginal: 'update studies set original = ? where key = ?',
  deleteStudy: 'delete from studies where name = ?',
  counts: 'select state, count(*) as trials from trials where study = ? group by state',
  trial: `${head} where study = ? and number = ?`,
  firstWaiting: `${head} where study = ? and state = 'waiting' order by number limit 1`,
  running: `${head} where study = ? and state = 'running' order by number`,
  putTrial:
    'insert into trials (study, number, state, attempt, token, owner, lease_end) values (?, ?, ?, ?, ?, ?, ?) on conflict (study, number) do update ' +
    'set state = excluded.state, attempt = excluded.attempt, token = excluded.token, owner = excluded.owner, lease_end = excluded.lease_end',
  request: 'select first, last from requests where study = ? and id = ?',
  insertRequest: 'insert into requests (study, id, first, last) values (?, ?, ?, ?)',
  forgetRequests: 'delete from requests where study = ?1 and id in (select id from requests where study = ?1 and last <= ?2 limit ?3)',
  countRequests: 'select count(*) as requests from requests where study = ?',
  timeOf: 'select time from changes where study = ? and revision = ?',
  deletion: 'select 1 from deletions where request = ?',
  insertDeletion: 'insert into deletions (request, deleted_at) values (?, ?)',
  forgetDeletions: 'delete from deletions where deleted_at < ?',
  insertChange: 'insert into changes (study, revision, time, type, trial, body) values (?, ?, ?, ?, ?, ?)',
  changesBetween: 'select revision, time, type, trial, body from changes where study = ? and revision > ? and revision <= ? order by revision',
  leaf: 'select leaf from leaves where study = ? and path = ?',
  insertLeaf: 'insert into leaves (study, path, leaf) values (?, ?, ?)',
  copyTrials: 'insert into trials select ?, number, state, attempt, token, owner, lease_end from trials where study = ?',
  copyChanges: 'insert into changes select ?, revision, time, type, trial, body from changes where study = ?',
  copyLeaves: 'insert into leaves select ?, path, leaf from leaves where study = ?',
}

export function prepareStatements(database: DatabaseSync): Statements {
  return Object.fromEntries(Object.entries(texts).map(([name, sql]) => [name, database.prepare(sql)])) as unknown as Statements
}
