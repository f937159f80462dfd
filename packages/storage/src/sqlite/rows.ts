/** Rows as the statements answer them. Strict tables keep each column to its type. */
export interface StudyRow {
  readonly key: number
  readonly id: string
  readonly name: string
  readonly definition: string
  readonly original: string | null
  readonly createdAt: number
  readonly revision: number
  readonly trials: number
}

export interface TrialRow {
  readonly number: number
  readonly state: string
  readonly attempt: number
  readonly token: string | null
  readonly owner: string | null
  readonly leaseEnd: number
}

export interface ChangeRow {
  readonly revision: number
  readonly time: number
  readonly type: string
  readonly trial: number | null
  readonly body: string
}

export interface RequestRow {
  readonly first: number
  readonly last: number
}
