// How CIDs are announced, and by whom.

import type { SubjectName } from '../subjects/index.ts'

export interface Way {
  subject: SubjectName
  /** all together; else each with a lookup of its own */
  sweep: boolean
}

export const WAYS = {
  sweep: { subject: 'ours', sweep: true },
  ours: { subject: 'ours', sweep: false },
  js: { subject: 'js', sweep: false },
  go: { subject: 'go', sweep: false },
  'go-sweep': { subject: 'go', sweep: true }
} satisfies Record<string, Way>

export type WayName = keyof typeof WAYS

export const WAY_NAMES = Object.keys(WAYS) as WayName[]
