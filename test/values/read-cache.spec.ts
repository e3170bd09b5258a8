import { expect } from 'aegir/chai'
import { Namespaces } from '../../src/values/namespaces.ts'
import { ReadCache } from '../../src/values/read-cache.ts'
import { bytes } from '../helpers/content.ts'
import { falseTime, START } from '../helpers/false-time.ts'
import type { Clock } from '../helpers/false-time.ts'

const KEY = bytes('/cached/key')

describe('values that were read', () => {
  let clock: Clock

  beforeEach(() => { clock = falseTime() })
  afterEach(() => { clock.restore() })

  /** The value says its ttl in seconds; those of `/ending` end ten seconds after the start. */
  const ttl = (value: Uint8Array): number => value[0]
  const rules = { cached: { ttl }, ending: { ttl, expires: () => START + 10_000 }, silent: { expires: () => START + 10_000 } }
  const namespaces = new Namespaces({ validators: {}, selectors: {}, rules, timeout: 1_000 })

  it('are remembered for as long as they say, and no longer', async () => {
    const cache = new ReadCache(10, namespaces)
    cache.set(KEY, Uint8Array.of(60))
    await clock.tickAsync(59_999)
    expect(cache.get(KEY)).to.equalBytes(Uint8Array.of(60))
    await clock.tickAsync(1)
    expect(cache.get(KEY)).to.equal(undefined)
  })

  it('are forgotten when they end, if that is earlier', async () => {
    const cache = new ReadCache(10, namespaces)
    cache.set(bytes('/ending/key'), Uint8Array.of(60))
    await clock.tickAsync(9_999)
    expect(cache.get(bytes('/ending/key'))).to.equalBytes(Uint8Array.of(60))
    await clock.tickAsync(1)
    expect(cache.get(bytes('/ending/key'))).to.equal(undefined)
  })

  it('are not remembered when they say nothing of it, say nought, or have ended', async () => {
    const cache = new ReadCache(10, namespaces)
    await clock.tickAsync(10_000)

    for (const key of ['/silent/key', '/unknown/key', '/ending/key']) {
      cache.set(bytes(key), Uint8Array.of(60))
      expect(cache.get(bytes(key))).to.equal(undefined)
    }

    cache.set(KEY, Uint8Array.of(0))
    expect(cache.get(KEY)).to.equal(undefined)
  })

  it('make place for a newer one that may not be cached', () => {
    const cache = new ReadCache(10, namespaces)
    cache.set(KEY, Uint8Array.of(60))
    cache.set(KEY, Uint8Array.of(0))
    expect(cache.get(KEY)).to.equal(undefined)
  })

  it('are forgotten when this node holds another one, and stay when it holds the same', () => {
    const cache = new ReadCache(10, namespaces)
    cache.set(KEY, Uint8Array.of(60))
    cache.onHeld(KEY, Uint8Array.of(60))
    expect(cache.get(KEY)).to.equalBytes(Uint8Array.of(60))
    cache.onHeld(KEY, Uint8Array.of(61))
    expect(cache.get(KEY)).to.equal(undefined)
  })

  it('are no more than its size, the last ones', () => {
    const cache = new ReadCache(10, namespaces)

    for (let i = 0; i < 100; i++) {
      cache.set(bytes(`/cached/${i}`), Uint8Array.of(60, i))
    }

    const kept = Array.from({ length: 100 }, (_, i) => i).filter(i => cache.get(bytes(`/cached/${i}`)) != null)
    expect(kept.length).to.be.within(5, 10)
    expect(kept).to.include(99)
  })

  it('are none with a size of 0', () => {
    const cache = new ReadCache(0, namespaces)
    cache.set(KEY, Uint8Array.of(60))
    cache.onHeld(KEY, Uint8Array.of(61))
    expect(cache.get(KEY)).to.equal(undefined)
  })
})
