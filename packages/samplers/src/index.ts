export { tpe, type TpeOptions } from './tpe/tpe.ts'
