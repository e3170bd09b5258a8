// Sums up the bundles: what `--json` prints.

import { rounded } from '../statistics.ts'
import type { Bundle, SizeSubjectName } from './bundle.ts'

export interface Row {
  subject: SizeSubjectName
  /** by itself with all that it needs; or what it adds to a libp2p node's bundle, which has much of that anyway */
  op: 'alone' | 'onTopOfLibp2p'
  bytes: number
  gzipBytes: number
  /** minified bytes by npm package, the most first, those of less than 100 left out */
  packages: Record<string, number>
}

/** Ours by the rival's: less than 1 where ours is smaller. */
export interface Ratio {
  subject: SizeSubjectName
  to: SizeSubjectName
  op: Row['op']
  bytesRatio?: number
  gzipRatio?: number
}

export interface Document {
  suite: 'size'
  /** the outcome is the same each time */
  rounds: 1
  /** the node without a DHT */
  nodeBytes: number
  nodeGzipBytes: number
  rows: Row[]
  ratios: Ratio[]
}

export interface Bundles {
  node: Bundle
  alone: Record<SizeSubjectName, Bundle>
  withNode: Record<SizeSubjectName, Bundle>
}

const WORTH_NAMING = 100

export function summarise ({ node, alone, withNode }: Bundles): Document {
  const rows = [
    row('ours', 'alone', alone.ours),
    row('js', 'alone', alone.js),
    row('ours', 'onTopOfLibp2p', difference(withNode.ours, node)),
    row('js', 'onTopOfLibp2p', difference(withNode.js, node))
  ]

  return {
    suite: 'size',
    rounds: 1,
    nodeBytes: node.bytes,
    nodeGzipBytes: node.gzipBytes,
    rows,
    ratios: [ratio(rows[0], rows[1]), ratio(rows[2], rows[3])]
  }
}

function row (subject: SizeSubjectName, op: Row['op'], { bytes, gzipBytes, packages }: Bundle): Row {
  const named = [...packages].filter(([, bytes]) => bytes >= WORTH_NAMING).sort(([, a], [, b]) => b - a)

  return { subject, op, bytes, gzipBytes, packages: Object.fromEntries(named) }
}

function difference (whole: Bundle, part: Bundle): Bundle {
  return {
    bytes: whole.bytes - part.bytes,
    gzipBytes: whole.gzipBytes - part.gzipBytes,
    packages: new Map([...whole.packages].map(([name, bytes]) => [name, bytes - (part.packages.get(name) ?? 0)]))
  }
}

function ratio (ours: Row, rival: Row): Ratio {
  return {
    subject: ours.subject,
    to: rival.subject,
    op: ours.op,
    bytesRatio: rounded(ours.bytes / rival.bytes),
    gzipRatio: rounded(ours.gzipBytes / rival.gzipBytes)
  }
}
