/** Names a service, and remembers its type. Equal in every copy of the package. */
export type Token<T> = symbol & { readonly service?: T }

/** The services behind a list of tokens. */
export type ServicesOf<D extends readonly Token<unknown>[]> = { readonly [K in keyof D]: D[K] extends Token<infer T> ? T : never }

/**
 * Where a module puts its services. What is put last replaces what was there; a token of many services
 * (loggers) takes all of them. Nothing is made before it is needed, and everything at most once.
 */
export interface Registry {
  /** An object that exists already. Who made it disposes of it. */
  value<T>(token: Token<T>, value: T): void
  /** A service made out of others. */
  factory<T, const D extends readonly Token<unknown>[]>(token: Token<T>, dependencies: D, create: (...services: ServicesOf<D>) => T): void
  /** A class whose constructor takes no argument, or whose arguments are marked with inversify's `@inject`. */
  class<T>(token: Token<T>, implementation: new (...services: never[]) => T): void
}

/** A plugin for experts: registers services of its own, or replaces ours. */
export interface Module {
  register(registry: Registry): void
}
