// The key under which the members of an overlay are listed: `/overlay/` and the overlay's id, which is any bytes.

import { InvalidParametersError } from '@libp2p/interface'
import { concat as uint8ArrayConcat } from 'uint8arrays/concat'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'

/** The longest id of an overlay, bytes: that of a sha2-512. Each entry repeats it. */
export const MAX_OVERLAY_ID = 64

const PREFIX = uint8ArrayFromString('/overlay/')

/**
 * The key of an overlay's member list.
 *
 * @throws {InvalidParametersError} when the id is not of 1 to 64 bytes
 */
export function overlayKey (id: Uint8Array): Uint8Array {
  requireOverlayId(id)

  return uint8ArrayConcat([PREFIX, id])
}

/**
 * The id of the overlay whose members are listed under the key.
 *
 * @throws {InvalidParametersError} when it is no such key
 */
export function parseOverlayKey (key: Uint8Array): Uint8Array {
  if (!uint8ArrayEquals(key.subarray(0, PREFIX.byteLength), PREFIX)) {
    throw new InvalidParametersError(`The key of a member list is /overlay/ and 1 to ${MAX_OVERLAY_ID} bytes of the overlay's id; this one does not begin with /overlay/`)
  }

  const id = key.subarray(PREFIX.byteLength)
  requireOverlayId(id)

  return id
}

/** @throws {InvalidParametersError} when the id is not of 1 to 64 bytes */
export function requireOverlayId (id: Uint8Array): void {
  if (!isOverlayId(id)) {
    throw new InvalidParametersError(`The key of a member list is /overlay/ and 1 to ${MAX_OVERLAY_ID} bytes of the overlay's id; this id has ${id.byteLength}: hash it`)
  }
}

export function isOverlayId (id: Uint8Array): boolean {
  return id.byteLength > 0 && id.byteLength <= MAX_OVERLAY_ID
}
