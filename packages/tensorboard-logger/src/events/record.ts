/*
 * A record is what TensorFlow calls a TFRecord: the length of the payload (8 bytes), the checksum of the length (4),
 * the payload, and its checksum (4); all little-endian.
 */

/** Bytes before the payload. */
export const headerBytes = 12
/** Bytes after the payload. */
export const footerBytes = 4
/** A longer payload is neither written nor read into memory. */
export const maxPayloadBytes: number = 256 * 1024 * 1024
