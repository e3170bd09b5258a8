// The result for people.

import { figure, plainTable, ranged } from '../plain-table.ts'
import { WAYS } from './ways.ts'
import type { Document, Ratio, Row } from './document.ts'
import type { WayName } from './ways.ts'

export function table (document: Document): string {
  const { transport, rounds, nodes, atOnce, rows, ratios } = document
  const failures = rows.flatMap(({ by, cids, failures = [] }) => failures.map(failure => `${by}, ${cids} CIDs: ${failure}`))

  return [
    `One of ${nodes} nodes over ${transport} announces CIDs, another one in each of ${rounds} rounds: by a sweep, or one by one, ${atOnce} at a time. ` +
      'One by one a rate does not depend on how many there are, so it is measured with fewer. CPU is of all nodes. In brackets: the least and the most of the rounds.',
    announcements(rows),
    ...ratios.length === 0 ? [] : ['Ours by the others: more than 1 means more records a second, and more CPU, messages and lookups a CID.', comparisons(ratios)],
    ...failures
  ].join('\n')
}

function announcements (rows: Row[]): string {
  return plainTable(
    ['by', 'CIDs', 's', 'CIDs/s', 'records/s', 'CPU s', 'CPU ms a CID', 'messages a CID', 'lookups a CID', 'holders', 'of the nearest', 'failed'],
    rows.map(row => [
      nameOf(row.by),
      figure(row.cids),
      ranged(row.seconds, row.secondsMin, row.secondsMax),
      ranged(row.cidsPerSecond, row.cidsPerSecondMin, row.cidsPerSecondMax),
      ranged(row.recordsPerSecond, row.recordsPerSecondMin, row.recordsPerSecondMax),
      ranged(row.cpuSeconds, row.cpuSecondsMin, row.cpuSecondsMax),
      ranged(row.cpuMs, row.cpuMsMin, row.cpuMsMax),
      figure(row.messages),
      figure(row.lookups),
      figure(row.holders),
      row.held?.toFixed(4) ?? '',
      figure(row.failed)
    ])
  )
}

function comparisons (ratios: Ratio[]): string {
  return plainTable(
    ['ours', 'by', 'records/s', 'CPU', 'messages', 'lookups'],
    ratios.map(({ of, cids, to, toCids, rateRatio, rateRatioMin, rateRatioMax, cpuRatio, cpuRatioMin, cpuRatioMax, messagesRatio, lookupsRatio }) => [
      `${nameOf(of)}, ${cids}`,
      `${nameOf(to)}, ${toCids}`,
      ranged(rateRatio, rateRatioMin, rateRatioMax),
      ranged(cpuRatio, cpuRatioMin, cpuRatioMax),
      figure(messagesRatio),
      figure(lookupsRatio)
    ])
  )
}

function nameOf (way: WayName): string {
  const { subject, sweep } = WAYS[way]

  return `${subject}, ${sweep ? 'by a sweep' : 'one by one'}`
}
