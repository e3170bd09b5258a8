import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { mean, quantile } from 'simple-statistics'
import { roundTrip, settle } from '../../src/network/geography.ts'
import { REGIONS } from '../../src/network/model.ts'
import { Random } from '../../src/network/random.ts'
import type { Place } from '../../src/network/geography.ts'

const PLACES = Array.from({ length: 300 }, (_, i) => settle(new Random(`place ${i}`)))
const PAIRS = PLACES.flatMap((a, i) => PLACES.slice(i + 1).map((b): [Place, Place] => [a, b]))

describe('the geography', () => {
  it('has round trips of 20 to 300 ms', () => {
    const times = PAIRS.map(([a, b]) => roundTrip(a, b))

    assert.ok(Math.min(...times.slice(0, 1_000)) >= 20)
    assert.ok(times.every(ms => ms >= 20 && ms <= 300))
    // and not all alike
    assert.ok(quantile(times, 0.05) < 50 && quantile(times, 0.95) > 180, `${quantile(times, 0.05)} ${quantile(times, 0.95)}`)
  })

  it('has the same round trip both ways', () => {
    assert.ok(PAIRS.every(([a, b]) => roundTrip(a, b) === roundTrip(b, a)))
  })

  it('has a shorter round trip for neighbours than across the world', () => {
    const place = (latitude: number, longitude: number): Place => ({
      x: Math.cos(latitude) * Math.cos(longitude), y: Math.cos(latitude) * Math.sin(longitude), z: Math.sin(latitude), lastMile: 10
    })

    assert.equal(roundTrip(place(0, 0), place(0, 0)), 20)
    assert.ok(roundTrip(place(0, 0), place(0, 0.1)) < roundTrip(place(0, 0), place(0, 1)))
    assert.ok(roundTrip(place(0, 0), place(0, 1)) < roundTrip(place(0, 0), place(0, Math.PI)))
    assert.equal(Math.round(roundTrip(place(0, 0), place(0, Math.PI))), 280)
  })

  it('adds what the lines of both take', () => {
    const place: Place = { x: 1, y: 0, z: 0, lastMile: 15 }

    assert.equal(roundTrip(place, { ...place, lastMile: 25 }), 40)
  })

  it('puts every place on the globe, and as many into each region as it says', () => {
    assert.ok(PLACES.every(({ x, y, z }) => Math.abs(x ** 2 + y ** 2 + z ** 2 - 1) < 1e-9))
    assert.ok(Math.abs(REGIONS.reduce((sum, { share }) => sum + share, 0) - 1) < 1e-9)

    const south = mean(PLACES.map(({ z }) => z < -0.2 ? 1 : 0))
    // South America and Oceania
    assert.ok(Math.abs(south - 0.07) < 0.05, `${south}`)
  })
})
