/** The record's own value: a metric may be called `constructor`, and a record without it must not answer with Object's. */
export function own<T>(record: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined
}
