import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { describe, it } from 'node:test'
import { stripVTControlCharacters } from 'node:util'
import { barText, ProgressBar } from '../src/providing/progress.ts'
import { formatStatus, statusOf } from '../src/providing/status.ts'
import type { SweepStatus } from 'libp2p-kad'

const HALF = { phase: 'announcing', done: 10_000, total: 20_000, failed: 0 } as const

describe('the bar', () => {
  it('shows how far it is, how many failed, and how long it will take once that can be told', () => {
    assert.equal(text(HALF, 1_000), `announcing ${'█'.repeat(12)}${'░'.repeat(12)} 50 %  10,000 of 20,000 keys`)
    assert.match(text(HALF, 90_000), /10,000 of 20,000 keys, 1m 30s left$/)
    assert.match(text({ ...HALF, failed: 3 }, 1_000), /10,000 of 20,000 keys, 3 failed$/)
  })

  it('is neither more than full nor full too early', () => {
    assert.match(text({ ...HALF, done: 19_999 }, 1_000), / 99 % {2}19,999/)
    assert.match(text({ ...HALF, done: 20_001 }, 90_000), new RegExp(`${'█'.repeat(24)} 100 %  20,001 of 20,000 keys$`))
    assert.equal(text({ ...HALF, total: undefined }, 90_000), 'announcing: 10,000')
  })

  it('is a line every half minute of a phase where nothing can be drawn over', () => {
    let now = 0
    const out = stream({})
    const bar = new ProgressBar(out, () => now)

    for (now = 0; now <= 65_000; now += 1_000) {
      bar.update({ ...HALF, done: now })
    }

    bar.update({ ...HALF, phase: 'adding' })
    bar.end()
    assert.equal(out.read().toString(), 'announcing: 30,000 of 20,000 keys\nannouncing: 60,000 of 20,000 keys\n')
  })

  it('is drawn over on a screen, and leaves nothing there', () => {
    const out = stream({ isTTY: true, columns: 100, cursorTo: () => true, clearLine: () => true, moveCursor: () => true })
    const bar = new ProgressBar(out)
    bar.update(HALF)
    bar.end()
    assert.ok(!stripVTControlCharacters(out.read()?.toString() ?? '').endsWith('\n'))
  })
})

describe('the status', () => {
  const status: SweepStatus = { state: 'waiting', keys: 20_000, neverAnnounced: 0, due: 0, progress: 0.371, lag: 0, nextAt: 65_000, announced: 1, failed: 0, lookups: 0, messages: 0, records: 0 }

  it('tells when the next part has its turn', () => {
    const text = rows({})

    assert.match(text, /│ keys +│ 20,000 /)
    assert.match(text, /│ this cycle +│ 37\.1 % of the key space has had its turn/)
    assert.match(text, /│ behind by +│ nothing /)
    assert.match(text, /│ next part +│ in 1m 5s /)
    assert.match(text, /│ last failure +│ none /)
  })

  it('tells what is late and why', () => {
    const text = rows({ state: 'offline', due: 1_200, lag: 7_260_000, nextAt: undefined, error: 'nobody answered' })

    assert.match(text, /│ state +│ offline: there is nobody to tell /)
    assert.match(text, /│ due +│ up to 1,200 /)
    assert.match(text, /│ behind by +│ 2h 1m /)
    assert.match(text, /│ next part +│ as soon as it can /)
    assert.match(text, /│ last failure +│ nobody answered /)
  })

  it('tells that failures are tried again, that it is announcing, and that there is nothing to do', () => {
    assert.match(rows({ due: 3, nextAt: undefined }), /next part +│ when what has failed is tried again /)
    assert.match(rows({ due: 3, nextAt: undefined, state: 'announcing' }), /next part +│ now /)
    assert.match(rows({ keys: 0, nextAt: undefined }), /next part +│ none /)
  })

  function rows (change: Partial<SweepStatus>): string {
    return stripVTControlCharacters(formatStatus(statusOf({ ...status, ...change }), 0))
  }
})

function text (...args: Parameters<typeof barText>): string {
  return stripVTControlCharacters(barText(...args))
}

function stream (more: object): PassThrough & NodeJS.WriteStream {
  return Object.assign(new PassThrough(), more) as PassThrough & NodeJS.WriteStream
}
