import type protobuf from 'protobufjs/minimal.js'

/**
 * A 64-bit integer as protobufjs gives it: a plain number where the runtime has no `long`, otherwise an object.
 * Encoding accepts both. `Number(value)` is exact up to ±2^53.
 */
export type Int64 = number | Int64Object

/** The part of the `long` package's class that this package relies on. */
export interface Int64Object {
  readonly low: number
  readonly high: number
  readonly unsigned: boolean
  toNumber(): number
  toString(): string
}

/** A message as it is given to `encode`: every field may be left out, at every depth. */
export type MessageInput<Message> = Message extends Uint8Array | Int64Object
  ? Message
  : Message extends readonly (infer Element)[]
    ? readonly MessageInput<Element>[]
    : Message extends object
      ? { readonly [Field in keyof Message]?: MessageInput<Message[Field]> | undefined }
      : Message

/** What protobufjs generates for one message type; `new` makes an empty one and exists for `instanceof`. */
export interface MessageCodec<Message> {
  new (): Message
  encode(message: MessageInput<Message>): { finish(): Uint8Array }
  /**
   * Throws plain errors on malformed bytes, and on messages nested deeper than 100. Unknown fields are dropped,
   * unless a reader is given whose `discardUnknown` is false.
   */
  decode(source: Uint8Array | protobuf.Reader): Message
}
