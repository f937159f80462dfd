import { Container, type Newable, type ServiceIdentifier } from 'inversify'
import type { Module, Registry, Token } from './registry.ts'
import { tokens } from './tokens.ts'

/** What a study resolves once, when it is opened. */
export interface Services {
  get<T>(token: Token<T>): T
  all<T>(token: Token<T>): readonly T[]
}

type Bind = (container: Container) => void

/**
 * The composition root, and the only user of inversify. All registrations are collected before the first is
 * bound, because inversify's plans do not see what is bound after a service was resolved.
 */
export function composeServices(modules: readonly Module[]): Services {
  const bindings = new Map<symbol, Bind[]>()
  const put = (token: symbol, bind: Bind): void => {
    const others = token === tokens.loggers ? (bindings.get(token) ?? []) : []
    bindings.set(token, [...others, bind])
  }
  const id = <T>(token: Token<T>): ServiceIdentifier<T> => token
  const registry: Registry = {
    value: (token, value) => put(token, (container) => void container.bind(id(token)).toConstantValue(value)),
    factory: (token, dependencies, create) =>
      put(token, (container) => void container.bind(id(token)).toResolvedValue(create as never, dependencies as never)),
    class: (token, implementation) => put(token, (container) => void container.bind(id(token)).to(implementation as Newable<never>)),
  }
  for (const module of modules) module.register(registry)
  const container = new Container({ defaultScope: 'Singleton' })
  for (const list of bindings.values()) for (const bind of list) bind(container)
  return {
    get: (token) => container.get(id(token)),
    all: (token) => container.getAll(id(token), { optional: true }),
  }
}
