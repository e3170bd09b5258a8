// Who can be measured. Subjects that are not JavaScript (Go) get a process of their own instead of `network/child.ts`.

import type { Subject } from './subject.ts'

/** Loaded only in the process that measures it, so that no subject pays for another's code. */
const LOADERS = {
  ours: async () => (await import('./ours.ts')).ours,
  js: async () => (await import('./js.ts')).js(),
  'js-tuned': async () => (await import('./js.ts')).js({ alpha: 3, disjointPaths: 1 })
} satisfies Record<string, () => Promise<Subject>>

export type SubjectName = keyof typeof LOADERS

export const SUBJECTS = Object.keys(LOADERS) as SubjectName[]

export async function loadSubject (name: SubjectName): Promise<Subject> {
  return LOADERS[name]()
}
