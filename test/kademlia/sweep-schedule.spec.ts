import { expect } from 'aegir/chai'
import fc from 'fast-check'
import { SweepSchedule } from '../../src/kademlia/sweep-schedule.ts'
import { HOUR, START } from '../helpers/false-time.ts'
import { check } from '../helpers/random.ts'

const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const schedule = fc.record({ cycle: fc.integer({ min: HOUR, max: 100 * HOUR }), threshold: fc.constant(100 * HOUR), phase: share }).map(options => ({ ...options, schedule: new SweepSchedule(options) }))
const moment = fc.integer({ min: 0, max: 1_000 * HOUR }).map(ms => START + ms)

describe('when parts of the key space are announced again', () => {
  it('each has a moment a cycle, after now and no more than a cycle away', () => {
    check(fc.property(schedule, share, moment, ({ schedule, cycle }, place, now) => {
      const next = schedule.next(place, now)
      expect(next).to.be.above(now)
      expect(next).to.be.at.most(now + cycle + 1)
      expect(schedule.next(place, next)).to.be.closeTo(next + cycle, 1)
    }))
  })

  it('they have it in the order of the key space, as far apart in time as they are there', () => {
    check(fc.property(schedule, share, share, moment, ({ schedule, cycle }, a, b, now) => {
      const apart = (schedule.next(b, now) - schedule.next(a, now) + 2 * cycle) % cycle
      expect(Math.min(Math.abs(apart - ((b - a + 1) % 1) * cycle), cycle - Math.abs(apart - ((b - a + 1) % 1) * cycle))).to.be.below(1)
    }))
  })

  it('the progress is the place that has its moment now', () => {
    check(fc.property(schedule, moment, ({ schedule, cycle }, now) => {
      const progress = schedule.progress(now)
      expect(progress).to.be.within(0, 1)
      const untilNext = schedule.next(progress, now) - now
      expect(Math.min(untilNext, cycle - untilNext)).to.be.below(1)
    }))
  })

  it('what is announced whenever it is due is never further apart than a cycle and a quarter, nor nearer than a quarter less than one after the first time', () => {
    check(fc.property(schedule, share, moment, ({ schedule, cycle }, place, first) => {
      const times = [first]

      for (let now = schedule.next(place, first); times.length < 4; now = schedule.next(place, now)) {
        const [last] = times.slice(-1)

        if (schedule.isDue(place, last, now)) {
          times.push(now)
        }
      }

      const gaps = times.slice(1).map((at, i) => at - times[i])
      expect(Math.max(...gaps)).to.be.at.most(1.25 * cycle + 2)
      expect(gaps[0]).to.be.at.least(0.25 * cycle - 2)
      gaps.slice(1).forEach(gap => { expect(gap).to.be.closeTo(cycle, 2) })
    }))
  })

  it('what is announced whenever it is due does not lapse before the next time, however little is left to be late in', () => {
    const validity = fc.integer({ min: 2 * HOUR, max: 100 * HOUR })

    check(fc.property(validity, fc.double({ min: 0.01, max: 0.99, noNaN: true }), share, share, moment, (validity, part, phase, place, first) => {
      const threshold = validity * part
      const schedule = new SweepSchedule({ cycle: validity - threshold, threshold, phase })
      let last = first

      for (let now = schedule.next(place, first), i = 0; i < 4; now = schedule.next(place, now), i++) {
        if (schedule.isDue(place, last, now)) {
          last = now
        }

        expect(schedule.next(place, now) - last).to.be.at.most(validity)
      }
    }))
  })

  it('what has never been announced is due at any time, and what was announced just now is not', () => {
    check(fc.property(schedule, share, moment, ({ schedule }, place, now) => {
      expect(schedule.isDue(place, 0, now)).to.equal(true)
      expect(schedule.isDue(place, now, now)).to.equal(false)
    }))
  })

  it('what was announced long after now is due, for that cannot be; a clock that is put back a little is no reason', () => {
    check(fc.property(schedule, share, moment, ({ schedule, cycle }, place, now) => {
      expect(schedule.isDue(place, now + cycle, now)).to.equal(true)
      expect(schedule.isDue(place, now + cycle / 5, now)).to.equal(false)
    }))
  })

  it('a lag begins when what is there becomes due, and not before', () => {
    check(fc.property(schedule, share, moment, fc.integer({ min: 1, max: 200 * HOUR }), ({ schedule }, place, at, after) => {
      const now = at + after
      const lag = schedule.lag(place, at, now)

      if (lag < 1) {
        expect(schedule.isDue(place, at, now - 1)).to.equal(false)
      } else {
        expect(schedule.isDue(place, at, now - lag + 1)).to.equal(true)
        expect(schedule.isDue(place, at, now - lag - 1)).to.equal(false)
      }
    }))
  })

  it('what was announced at its moment is late as soon as the next one has passed', () => {
    check(fc.property(schedule, share, moment, fc.integer({ min: 1, max: HOUR }), ({ schedule, cycle }, place, at, late) => {
      const announcedAt = schedule.next(place, at)
      expect(schedule.lag(place, announcedAt, announcedAt + cycle)).to.be.closeTo(0, 1)
      expect(schedule.lag(place, announcedAt, announcedAt + cycle + late)).to.be.closeTo(late, 1)
    }))
  })
})
