// The limits of signed records.

import { MAX_VALUE } from '../../wire/limits.ts'

/**
 * The longest signed record that a node stores by default, bytes: all of it, with key, public key and signature, which with a short name
 * take about 200 of them for an Ed25519 key and about 650 for an RSA key of 2048 bits. For one of 4096 bits it is too little.
 */
export const DEFAULT_SIGNED_SIZE = 1024

/** The longest signed record that is read at all, bytes: what any node stores, as for other values. */
export const MAX_SIGNED_SIZE = MAX_VALUE

/** The longest name in a key, bytes of UTF-8. */
export const MAX_NAME = 127

/**
 * How far ahead a record may expire when it is stored, ms: 48 h, as long as provider records live. Nothing is added for clocks
 * that differ: a writer that asks for less than all of it leaves as much room as it likes, and a holder that is kind
 * to clocks which are ahead is kind to records that outlive their time.
 */
export const MAX_AHEAD = 48 * 60 * 60 * 1000

/** The highest sequence number: that of a uint64. */
export const MAX_SEQUENCE = 2n ** 64n - 1n

/** The longest time that a reader may be allowed to keep a record, seconds: that of a uint32. */
export const MAX_TTL = 2 ** 32 - 1
