// A change of a record that several may make at once: read, change, write, and again on top of what others have written meanwhile.

import { compareAndSwap } from './compare-and-swap.ts'
import { RecordConflictError } from './records-api.ts'
import { compareSigned } from './selector.ts'
import { readSigned } from './signed-record.ts'
import type { SwapNeeds } from './compare-and-swap.ts'
import type { SignedRecord } from './payload.ts'
import type { PublishedRecord } from './records-api.ts'
import type { WriteResult } from '../../query/write-result.ts'

/** How often it is tried again if nobody says. */
const RETRIES = 10

/**
 * How long nobody may have written before it is tried again, ms: longer than a writer takes from its first write to its last look where the holders
 * are near.
 */
const CALM = 400

/** So often a writer waits for that, and then tries all the same. */
const MAX_WAITS = 10

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
  const { latest, sign, acknowledge, retries = RETRIES } = needs
  const mine: Uint8Array[] = []

  for (let retry = 0, base = await latest(); ; retry++) {
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

    base = await whenCalm(retry, async () => baseAfter(rival, mine, latest), needs)
  }
}

/**
 * What is there when nobody has written for a while: whoever writes while another looks whether it was alone is in its way, and has to begin anew
 * as well. Pauses in between are by chance, and longer each time, so that those that wait for the same do not all go on at once.
 */
async function whenCalm (retry: number, read: () => Promise<Version>, { sleep, signal }: UpdateNeeds): Promise<Version> {
  for (let waits = 1; ; waits++) {
    await sleep(CALM * (retry + waits) * Math.random(), signal)
    const seen = await read()
    await sleep(CALM, signal)
    const found = await read()

    if (waits === MAX_WAITS || compareSigned(found.bytes, seen.bytes) === 0) {
      return found
    }
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
