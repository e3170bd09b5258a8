import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { run } from './run.ts'

/** The lines that each prints, in order. */
const EXAMPLES: Array<[script: string, does: string, prints: RegExp[]]> = [
  ['ten-lines.ts', 'provides, finds, puts and gets', [
    /^ada provides baf\w+: 4 nodes were told$/,
    /^bob finds that ada provides it: true$/,
    /^bob gets: hello, bob$/,
    /^bob finds ada at \/ip4\/127\.0\.0\.1\/tcp\/\d+/
  ]],
  ['announce-many.ts', 'announces 300 CIDs by few lookups, and another finds one', [
    /^ada provides 300 photos$/,
    /^300 of 300 are announced: 2100 records, and few lookups$/,
    /^dave finds it at ada, bob, carol; the nearest has an address to fetch it from$/,
    /^ada provides it any more: false$/
  ]],
  ['user-profile.ts', 'publishes a profile that somebody else reads, checks and watches', [
    /^ada has published version 1 of her profile: [1-9]\d* nodes hold it$/,
    /^refused: InvalidRecordError: profile\.keys\.signing: expected the 32 bytes of an Ed25519 key\. /,
    /^bob has read the profile of Ada, signed by ada: true$/,
    /^bob checks a message of hers with the key in it: true$/,
    /^bob sees version 1: Ada$/,
    /^bob sees version 2: Ada Lovelace$/,
    /^refused: RecordTypeError: "profile" holds a record of the type "profile" and takes none of the type "note": /
  ]],
  ['inbox-address.ts', 'replaces an address for good, whoever stores the old one again', [
    /^ada is at \/dns4\/home\.example\/tcp\/4001 \(version 1\)$/,
    /^bob delivers to \/dns4\/home\.example\/tcp\/4001 \(version 1\)$/,
    /^ada is at \/dns4\/office\.example\/tcp\/4001 \(version 2\)$/,
    /^bob delivers to \/dns4\/office\.example\/tcp\/4001 \(version 2\)$/,
    /^mallory stores the stale record again and is refused: \w+Error: /,
    /^bob delivers to \/dns4\/office\.example\/tcp\/4001 \(version 2\)$/,
    /^bob delivers to \/dns4\/office\.example\/tcp\/4001 \(version 2\)$/
  ]],
  ['customer-supplier.ts', 'loses no change of two devices, and leaves a tombstone', [
    /^laptop adds elm, and phone adds fir, at the same time$/,
    /^a supplier reads revision 3, sequence number \d+: elm, fir, oak$/,
    /^phone adds oak, which is there already: nothing is written$/,
    /^refused: InvalidRecordError: suppliers\.suppliers\[0\]\.share: .*"data"\|"parity"/,
    /^removed: [1-9]\d* nodes hold its tombstone$/,
    /^a supplier finds nothing any more: NotFoundError$/
  ]]
]

describe('the examples', () => {
  for (const [script, does, prints] of EXAMPLES) {
    it(`${script} ${does}, and ends`, async () => {
      const lines = (await run(script)).trimEnd().split('\n')

      prints.forEach((expected, i) => { assert.match(lines[i] ?? '', expected, lines.join('\n')) })
      assert.equal(lines.length, prints.length, lines.join('\n'))
    })
  }
})
