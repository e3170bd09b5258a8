// A change of a record that several may make at once: read, change, write, and again on top of what others have written meanwhile.

import { compareAndSwap } from './compare-and-swap.ts'
import { RecordConflictError } from './records-api.ts'
import { compareSigned } from './selector.ts'
import { readSigned } from './signed-record.ts'
import type { SwapNeeds } from './compare-and-swap.ts'
import type { SignedRecord } from './payload.ts'
import type { PublishedRecord } from './records-api.ts'
import type { WriteResult } from '../../query/store-nearest.ts'

/** How often it is tried again if nobody says. */
const RETRIES = 10

/** Before it is tried again a writer waits at least so long, ms, or as long as it took to learn that it has to: whoever was faster is done then. */
const RETRY_PAUSE = 250

/** A signed record, and what it says. */
export interface Version {
  bytes: Uint8Array
  record: SignedRecord
}

export interface UpdateNeeds extends SwapNeeds {
  /** the highest that is found, a tombstone included; undefined for none */
  latest (): Promise<Version | undefined>
  /** with a higher sequence number than `above`, and than any that was given before */
  sign (value: Uint8Array, above: bigint | undefined): Promise<Version>
  acknowledge (version: Version, result: WriteResult): Promise<PublishedRecord>
  retries?: number
}

export interface Change {
  (value: Uint8Array | undefined): Uint8Array | undefined | Promise<Uint8Array | undefined>
}

/**
 * Undefined when there was nothing to change.
 *
 * @throws {RecordConflictError} when others were faster each time
 */
export async function updateRecord (change: Change, needs: UpdateNeeds): Promise<PublishedRecord | undefined> {
  const { latest, sign, acknowledge, retries = RETRIES, sleep, signal } = needs
  const mine: Uint8Array[] = []

  for (let retry = 0, base = await latest(); ; retry++) {
    const begun = Date.now()
    const value = await change(valueOf(base))

    if (value == null) {
      return
    }

    const next = await sign(value, base?.record.seq)
    const outcome = await compareAndSwap(base?.bytes, next.bytes, mine, needs)

    if ('result' in outcome) {
      return acknowledge(next, outcome.result)
    }

    mine.push(next.bytes)
    const rival = versionOf(outcome.rival)

    if (retry >= retries) {
      await giveWay(rival, mine, needs)
      throw new RecordConflictError(`Another writer was faster ${retry + 1} times: try again later, or with more retries`)
    }

    // by chance up to as much longer with each time: those that were in each other's way are not to be so again
    await sleep(Math.max(RETRY_PAUSE, Date.now() - begun) * (1 + (retry + 1) * Math.random()), signal)
    base = await baseAfter(rival, mine, latest)
  }
}

/** What is there now, unless that is this writer's own: on top of the other one it is made again. */
async function baseAfter (rival: Version, mine: Uint8Array[], latest: UpdateNeeds['latest']): Promise<Version> {
  const found = await latest()

  return found == null || mine.some(own => compareSigned(own, found.bytes) === 0) || compareSigned(found.bytes, rival.bytes) < 0 ? rival : found
}

/** The other one may have been acknowledged: where this writer's own stands in its place, it is put back. */
async function giveWay (rival: Version, mine: Uint8Array[], needs: UpdateNeeds): Promise<void> {
  const value = valueOf(rival)

  if (value != null && mine.some(own => compareSigned(own, rival.bytes) > 0)) {
    const restored = await needs.sign(value, rival.record.seq)

    // where others have written since, they have done so on top of it, or give way themselves
    await compareAndSwap(rival.bytes, restored.bytes, mine, needs).catch(() => { needs.signal.throwIfAborted() })
  }
}

function versionOf (bytes: Uint8Array): Version {
  return { bytes, record: readSigned(bytes).record }
}

function valueOf (version: Version | undefined): Uint8Array | undefined {
  return version?.record.rule === 'SIGNATURE' ? version.record.value.slice() : undefined
}
