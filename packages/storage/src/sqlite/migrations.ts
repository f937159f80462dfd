/** One step from a format to the next. A released step is never edited. */
export interface Migration {
  /** The format it leads to: 1, 2, 3, … without a gap. */
  readonly version: number
  readonly name: string
  readonly sql: string
}

/** "Attu" in ASCII, in the file's header: the file is ours. */
export const applicationId = 0x41747475

const firstFormat = `
create table migrations (
  version integer primary key,
  name text not null,
  applied_at real not null
) strict;

create table studies (
  key integer primary key autoincrement,
  id text not null unique,
  name text not null unique,
  -- The request that made the study: repeated, it answers this study.
  request text not null unique,
  definition text not null,
  created_at real not null,
  revision integer not null,
  trials integer not null
) strict;

-- What is needed to decide the next operation on a trial; everything else is in changes.
create table trials (
  study integer not null references studies (key) on delete cascade,
  number integer not null,
  state text not null check (state in ('waiting', 'running', 'paused', 'complete', 'pruned', 'failed')),
  attempt integer not null,
  token text,
  owner text,
  lease_end real not null,
  primary key (study, number)
) strict, without rowid;

create index trials_waiting on trials (study, number) where state = 'waiting';
create index trials_running on trials (study, number) where state = 'running';

-- The history. type and trial repeat what the body says, so that a damaged body can be told apart.
create table changes (
  study integer not null references studies (key) on delete cascade,
  revision integer not null,
  time real not null,
  type text not null,
  trial integer,
  body text not null,
  primary key (study, revision)
) strict, without rowid;

-- A request applied once: revisions after first and up to last are its changes.
create table requests (
  study integer not null references studies (key) on delete cascade,
  id text not null,
  first integer not null,
  last integer not null,
  primary key (study, id)
) strict, without rowid;

-- Leaves of a space defined by running.
create table leaves (
  study integer not null references studies (key) on delete cascade,
  path text not null,
  leaf text not null,
  primary key (study, path)
) strict, without rowid;
`

/** Requests are forgotten in time, and studies may get another definition. From here on the history has kinds of changes that the first format has not. */
const secondFormat = `
-- The definition that the study was created with, if it has another one by now.
alter table studies add column original text;

-- What changed nothing needs no row.
delete from requests where first = last;

-- A study that was deleted, by the request: repeated, it leaves a new study of that name alone.
create table deletions (
  request text primary key,
  deleted_at real not null
) strict, without rowid;
`

/** All steps, oldest first. The last one's version is the format that this package writes. */
export const migrations: readonly Migration[] = [
  { version: 1, name: 'first format', sql: firstFormat },
  { version: 2, name: 'forgotten requests, changed definitions', sql: secondFormat },
]
