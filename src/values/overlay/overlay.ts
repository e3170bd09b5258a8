import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface OverlayEntry {
  overlay: Uint8Array<ArrayBuffer>
  member: Uint8Array<ArrayBuffer>
  version: bigint
  expires: number
  left: boolean
}

export namespace OverlayEntry {
  let _codec: Codec<OverlayEntry>

  export const codec = (): Codec<OverlayEntry> => {
    if (_codec == null) {
      _codec = message<OverlayEntry>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.overlay != null && obj.overlay.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.overlay)
        }

        if ((obj.member != null && obj.member.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.member)
        }

        if ((obj.version != null && obj.version !== 0n)) {
          w.uint32(24)
          w.uint64(obj.version)
        }

        if ((obj.expires != null && obj.expires !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.expires)
        }

        if ((obj.left != null && obj.left !== false)) {
          w.uint32(40)
          w.bool(obj.left)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          overlay: uint8ArrayAlloc(0),
          member: uint8ArrayAlloc(0),
          version: 0n,
          expires: 0,
          left: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.overlay = reader.bytes()
              break
            }
            case 2: {
              obj.member = reader.bytes()
              break
            }
            case 3: {
              obj.version = reader.uint64()
              break
            }
            case 4: {
              obj.expires = reader.uint64Number()
              break
            }
            case 5: {
              obj.left = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.overlay`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.member`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint64()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.expires`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.left`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface OverlayEntryOverlayFieldEvent {
    field: '$.overlay'
    value: Uint8Array<ArrayBuffer>
  }

  export interface OverlayEntryMemberFieldEvent {
    field: '$.member'
    value: Uint8Array<ArrayBuffer>
  }

  export interface OverlayEntryVersionFieldEvent {
    field: '$.version'
    value: bigint
  }

  export interface OverlayEntryExpiresFieldEvent {
    field: '$.expires'
    value: number
  }

  export interface OverlayEntryLeftFieldEvent {
    field: '$.left'
    value: boolean
  }

  export function encode (obj: Partial<OverlayEntry>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, OverlayEntry.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OverlayEntry>): OverlayEntry {
    return decodeMessage(buf, OverlayEntry.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OverlayEntry>): Generator<OverlayEntryOverlayFieldEvent | OverlayEntryMemberFieldEvent | OverlayEntryVersionFieldEvent | OverlayEntryExpiresFieldEvent | OverlayEntryLeftFieldEvent> {
    return streamMessage(buf, OverlayEntry.codec(), opts)
  }
}

export interface OverlaySet {
  entries: Uint8Array<ArrayBuffer>[]
}

export namespace OverlaySet {
  let _codec: Codec<OverlaySet>

  export const codec = (): Codec<OverlaySet> => {
    if (_codec == null) {
      _codec = message<OverlaySet>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.entries != null && obj.entries.length > 0) {
          for (const value of obj.entries) {
            w.uint32(10)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          entries: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.entries != null && obj.entries.length === opts.limits.entries) {
                throw new MaxLengthError('Decode error - repeated field "entries" had too many elements')
              }

              obj.entries.push(reader.bytes())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          entries: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.entries != null && obj.entries === opts.limits.entries) {
                throw new MaxLengthError('Streaming decode error - repeated field "entries" had too many elements')
              }

              yield {
                field: `${prefix}.entries[]`,
                index: obj.entries,
                value: reader.bytes()
              }

              obj.entries++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface OverlaySetEntriesFieldEvent {
    field: '$.entries[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<OverlaySet>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, OverlaySet.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OverlaySet>): OverlaySet {
    return decodeMessage(buf, OverlaySet.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<OverlaySet>): Generator<OverlaySetEntriesFieldEvent> {
    return streamMessage(buf, OverlaySet.codec(), opts)
  }
}
