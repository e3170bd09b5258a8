import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, it, mock } from 'node:test'
import { watchAlone } from '../src/join.ts'

const SEEDS = ['one', 'two']

describe('a node whose seeds are silent', () => {
  const told: string[] = []
  const tell = (text: string): void => { told.push(text) }

  beforeEach(() => {
    told.length = 0
    mock.timers.enable({ apis: ['setTimeout'] })
  })

  afterEach(() => { mock.timers.reset() })

  it('says so after a while, and then each minute', () => {
    watchAlone({ size: 0 }, SEEDS, tell)

    mock.timers.tick(9_999)
    assert.deepEqual(told, [])
    mock.timers.tick(1)
    assert.deepEqual(told, ['nobody answers: is one or two running, and reachable from here?'])
    mock.timers.tick(59_999)
    assert.equal(told.length, 1)
    mock.timers.tick(1)
    assert.equal(told.length, 2)
    mock.timers.tick(60_000)
    assert.equal(told.length, 3)
  })

  it('says nothing while somebody is in the table, and speaks up when nobody is any more', () => {
    const table = { size: 1 }
    watchAlone(table, SEEDS, tell)

    mock.timers.tick(10_000)
    assert.deepEqual(told, [])
    table.size = 0
    mock.timers.tick(60_000)
    assert.equal(told.length, 1)
  })

  it('says nothing without seeds: it may be the first', () => {
    watchAlone({ size: 0 }, [], tell)

    mock.timers.tick(70_000)
    assert.deepEqual(told, [])
  })

  it('is quiet once that is ended, be it before or after the first time', () => {
    watchAlone({ size: 0 }, SEEDS, tell)()
    mock.timers.tick(70_000)
    assert.equal(told.length, 0)

    const end = watchAlone({ size: 0 }, SEEDS, tell)
    mock.timers.tick(10_000)
    end()
    mock.timers.tick(60_000)
    assert.equal(told.length, 1)
  })

  it('names no more than three of many', () => {
    watchAlone({ size: 0 }, ['one', 'two', 'three', 'four', 'five'], tell)

    mock.timers.tick(10_000)
    assert.match(told[0], /is one or two or three or one of 2 more running/)
  })
})
