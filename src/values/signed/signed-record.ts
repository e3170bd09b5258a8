// A signed record as it is stored: a libp2p signed envelope (RFC 0002) around the payload. Made by the owner, read by anyone, and
// opened, which is to read it and to verify that the owner made it.

import { InvalidParametersError } from '@libp2p/interface'
import { RecordEnvelope } from '@libp2p/peer-record'
import { equals as uint8ArrayEquals } from 'uint8arrays/equals'
import { fromString as uint8ArrayFromString } from 'uint8arrays/from-string'
import { plainBytes } from '../../wire/plain-bytes.ts'
import { InvalidRecordError } from '../namespaces.ts'
import { MAX_AHEAD, MAX_SIGNED_SIZE } from './limits.ts'
import { isOwner } from './owner.ts'
import { decodePayload, encodePayload } from './payload.ts'
import { parseSignedKey } from './signed-key.ts'
import type { SignedRecord } from './payload.ts'
import type { AbortOptions, PrivateKey } from '@libp2p/interface'

/** What is signed with it can be taken for nothing else, and nothing else for it. */
export const SIGNED_DOMAIN = 'libp2p-dht-sig-record'

/** The envelope's type of payload: a path, for which RFC 0002 needs no entry in the table of multicodecs. */
export const SIGNED_PAYLOAD_TYPE = uint8ArrayFromString('/libp2p-dht-sig-record')

/** A record whose signature nobody has verified. */
export interface ReadRecord {
  /** its bytes are views of those it was read from */
  record: SignedRecord
  envelope: RecordEnvelope
}

/**
 * Signs a record: the bytes to store under its key. Signing the same again may give other bytes, for ECDSA signatures have chance in them.
 *
 * @throws {InvalidParametersError} when a field is out of its range, the private key is not that of the peer in the record's key, or it gets too long
 */
export async function signRecord (record: SignedRecord, privateKey: PrivateKey, options?: AbortOptions): Promise<Uint8Array> {
  const payload = encodePayload(record)

  if (!isOwner(privateKey.publicKey, parseSignedKey(record.key).multihash)) {
    throw new InvalidParametersError('The private key is not that of the peer in the key: nobody would store the record')
  }

  const envelope = await RecordEnvelope.seal({
    domain: SIGNED_DOMAIN,
    codec: SIGNED_PAYLOAD_TYPE,
    marshal: () => payload,
    equals: () => false
  }, privateKey, options)
  const bytes = envelope.marshal()

  if (bytes.byteLength > MAX_SIGNED_SIZE) {
    throw new InvalidParametersError(`A signed record of ${bytes.byteLength} bytes is over the limit of ${MAX_SIGNED_SIZE}: store the value elsewhere, and sign its address`)
  }

  return bytes
}

/**
 * Reads a record and verifies nothing: neither its signature nor its signer nor its time.
 *
 * An envelope has one form, that which go-libp2p and js-libp2p write: fields in order, each once. Any other of the same content is refused, or
 * anybody could make new bytes out of a record, and of two with the same sequence number the bytes decide.
 *
 * @throws {InvalidRecordError} when it can't be read, or is written in another form
 */
export function readSigned (bytes: Uint8Array): ReadRecord {
  if (bytes.byteLength > MAX_SIGNED_SIZE) {
    throw tooLong(bytes, MAX_SIGNED_SIZE)
  }

  const envelope = readEnvelope(plainBytes(bytes))

  if (!uint8ArrayEquals(envelope.payloadType, SIGNED_PAYLOAD_TYPE)) {
    throw new InvalidRecordError('The envelope contains something else than a signed record of the DHT')
  }

  return { record: decodePayload(envelope.payload), envelope }
}

function readEnvelope (bytes: Uint8Array): RecordEnvelope {
  let envelope: RecordEnvelope
  let again: Uint8Array

  try {
    envelope = RecordEnvelope.createFromProtobuf(bytes)
    again = envelope.marshal()
  } catch (error: any) {
    throw new InvalidRecordError(`The value is no signed envelope: ${error.message}`, { cause: error })
  }

  if (!uint8ArrayEquals(again, bytes)) {
    throw new InvalidRecordError('The signed envelope is not written as one is: public key, type, payload and signature, in this order, each once')
  }

  return envelope
}

/**
 * Reads a record and verifies it at the time `now`, unix ms, what is cheap first: that it was made for this key, its time, that its signer is
 * the owner of the key, and the signature, over the bytes as they came.
 *
 * @throws {InvalidParametersError} when the key is not that of a signed record
 * @throws {InvalidRecordError} when it can't be read, or one of these is not so
 */
export async function openSigned (key: Uint8Array, bytes: Uint8Array, now: number, options?: AbortOptions): Promise<SignedRecord> {
  const { multihash } = parseSignedKey(key)
  const { record, envelope } = readSigned(bytes)

  if (!uint8ArrayEquals(record.key, key)) {
    throw new InvalidRecordError('The record was signed for another key')
  }

  requireInTime(record.expires, now)

  if (!isOwner(envelope.publicKey, multihash)) {
    throw new InvalidRecordError('The record was signed by somebody else than the peer in its key')
  }

  if (!await hasSigned(envelope, options)) {
    throw new InvalidRecordError('The signature is not that of the record')
  }

  return record
}

async function hasSigned (envelope: RecordEnvelope, options?: AbortOptions): Promise<boolean> {
  try {
    return await envelope.validate(SIGNED_DOMAIN, options)
  } catch {
    // signatures of a form that the public key can't have are told by an error
    options?.signal?.throwIfAborted()

    return false
  }
}

/** @throws {InvalidRecordError} when what expires then, unix ms, has expired, or lives on for too long */
export function requireInTime (expires: number, now: number): void {
  if (expires <= now) {
    throw new InvalidRecordError(`The record expired ${now - expires} ms ago: the owner has to sign a new one`)
  }

  if (expires > now + MAX_AHEAD) {
    throw new InvalidRecordError(`The record expires ${expires - now} ms from now, over the limit of ${MAX_AHEAD}: sign one that expires sooner, and look at the clock`)
  }
}

/** What is said of a record over the limit. */
export function tooLong (bytes: Uint8Array, limit: number): InvalidRecordError {
  return new InvalidRecordError(`A signed record of ${bytes.byteLength} bytes is over the limit of ${limit}: store the value elsewhere, and sign its address`)
}
