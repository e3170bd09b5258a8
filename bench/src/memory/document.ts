// Sums up what was weighed: what `--json` prints. What was not measured is left out.

import { ratioFields } from '../ratios.ts'
import { spreadFields } from '../spread-fields.ts'
import { spread } from '../statistics.ts'
import { COUNT } from './what.ts'
import type { Weight } from './child.ts'
import type { Measured, MeasureOptions } from './measure.ts'
import type { MemorySubjectName, Weighed } from './what.ts'
import type { SpreadFields } from '../spread-fields.ts'

type RowName = Weighed | 'idleProcess'

/** Median, least and most of the rounds. */
export interface Row extends SpreadFields<'bytes'>, SpreadFields<'rssMiB'> {
  subject: MemorySubjectName
  op: RowName
  /** by how many it was divided */
  count: number
}

/** Ours by the rival's, round by round: less than 1 where ours takes less. */
export interface Ratio extends SpreadFields<'bytesRatio'>, SpreadFields<'rssRatio'> {
  subject: MemorySubjectName
  to: MemorySubjectName
  op: RowName
}

export interface Document {
  suite: 'memory'
  rounds: number
  rows: Row[]
  ratios: Ratio[]
}

const MIB = 2 ** 20

export function summarise ({ rounds }: MeasureOptions, measured: Measured): Document {
  const rows: Row[] = []
  const ratios: Ratio[] = []

  for (const [what, bySubject] of measured) {
    const base = bySubject.get('none')
    const [ours, js] = [bySubject.get('ours'), bySubject.get('js')].map(weights => without(base, weights ?? []))
    const bytes = ({ bytes }: Weight): number => bytes
    rows.push(...Object.entries({ ours, js }).map(([subject, weights]): Row => {
      return { subject: subject as 'ours' | 'js', op: what, count: COUNT[what], ...spreadFields('bytes', spread(weights.map(bytes))) }
    }))

    // the rival keeps nothing apart from the datastore: by nothing nothing can be divided
    if (what !== 'storedProviderApart') {
      ratios.push({ subject: 'ours', to: 'js', op: what, ...ratioFields('bytesRatio', ours, js, bytes) })
    }

    if (what === 'idleNode') {
      const rss = ({ rss = NaN }: Weight): number => rss / MIB
      rows.push(...Object.entries({ ours, js }).map(([subject, weights]): Row => {
        return { subject: subject as 'ours' | 'js', op: 'idleProcess', count: 1, ...spreadFields('rssMiB', spread(weights.map(rss))) }
      }))
      ratios.push({ subject: 'ours', to: 'js', op: 'idleProcess', ...ratioFields('rssRatio', ours, js, rss) })
    }
  }

  return { suite: 'memory', rounds, rows, ratios }
}

/** What a DHT adds to a node without one. */
function without (base: Weight[] | undefined, weights: Weight[]): Weight[] {
  return base == null
    ? weights
    : weights.map(({ bytes, rss = NaN }, round) => ({ bytes: bytes - base[round].bytes, rss: rss - (base[round].rss ?? NaN) }))
}
