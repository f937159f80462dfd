import type { LoggerContext } from '../contracts/logger.ts'
import type { StudyEngine } from './engine.ts'

/** What the logger of that id is told of the study of this engine. */
export function loggerContext(id: string, engine: StudyEngine, persistent: boolean): LoggerContext {
  const { access, history } = engine
  return {
    study: access.summary(),
    owner: engine.owner,
    get space() {
      return engine.space
    },
    view: {
      get study() {
        return access.summary()
      },
      get best() {
        return history.best < 0 ? undefined : history.trial(history.best)
      },
      get attributes() {
        return { ...history.attributes }
      },
      get artifacts() {
        return history.artifacts
      },
      trial: (number) => history.trial(number),
      trials: () => Array.from({ length: history.length }, (_, number) => history.trial(number)),
    },
    persistent,
    artifact: ({ hash }) => engine.artifacts.get(hash),
    warn: (message) => engine.warn(id, message),
  }
}
