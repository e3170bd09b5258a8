// Entries of overlay members. Signing is slow, so properties draw from a pool that is signed once.

import { generateKeyPair, generateKeyPairFromSeed, privateKeyFromRaw } from '@libp2p/crypto/keys'
import fc from 'fast-check'
import { MAX_LIFE, readEntry, signEntry } from '../../src/values/overlay/member-entry.ts'
import { encodeSet } from '../../src/values/overlay/member-set.ts'
import { bytes } from './content.ts'
import { randomBytes, randomNumbers } from './random.ts'
import type { EntryInit, MemberEntry } from '../../src/values/overlay/member-entry.ts'
import type { PrivateKey } from '@libp2p/interface'

export const NOW = 1_800_000_000_000
export const HOUR = 60 * 60 * 1000
export const OVERLAY = bytes('chess players')

/** What makes up a list: an entry that is in its time at `NOW`, unless told otherwise. */
export function entryInit (init: Partial<EntryInit> = {}): EntryInit {
  return { overlay: OVERLAY, version: 1n, expires: NOW + HOUR, ...init }
}

export async function entryOf (privateKey: PrivateKey, init?: Partial<EntryInit>): Promise<MemberEntry> {
  return readEntry(await signEntry(entryInit(init), privateKey))
}

/** The same key for the same number. */
export async function ed25519Key (i: number): Promise<PrivateKey> {
  return generateKeyPairFromSeed('Ed25519', randomBytes(randomNumbers(i), 32))
}

/** The same key for the same number. */
export function secp256k1Key (i: number): PrivateKey {
  return privateKeyFromRaw(randomBytes(randomNumbers(i), 32))
}

/** Another one each time, for it can't be made of a seed; its entries are three times as long as others, which is all that matters. */
export async function rsaKey (): Promise<PrivateKey> {
  return generateKeyPair('RSA', 2048)
}

/**
 * Entries of a dozen members, some with long keys: of each several versions, in their time and out of it, and different ones of the
 * same version.
 */
export async function entryPool (): Promise<MemberEntry[]> {
  const keys = [
    ...await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map(ed25519Key)),
    secp256k1Key(9), secp256k1Key(10), await rsaKey(), await rsaKey()
  ]
  const inits = [1n, 2n, 3n].flatMap(version => [
    { version },
    { version, left: true },
    { version, expires: NOW },
    { version, expires: NOW + 2 * HOUR },
    { version, expires: NOW + MAX_LIFE + 1 },
    // a newer version that takes fewer bytes than one of those that it replaces
    { version: version + 10n, expires: NOW + MAX_LIFE }
  ])

  return Promise.all(keys.flatMap(key => inits.map(async init => entryOf(key, init))))
}

/** Places in a pool of which a list is made. */
export const anyPlaces = fc.array(fc.nat(12 * 18 - 1), { maxLength: 16 })

/** The list of the entries at these places, of each member the last. */
export function setAt (pool: MemberEntry[], places: number[]): Uint8Array {
  return encodeSet([...new Map(places.map(place => [pool[place].member.join(), pool[place]])).values()])
}
