// Who can be measured.

import type { Subject, SubjectInit } from './subject.ts'

/** Those in JavaScript. Loaded only in the process that measures them, so that no subject pays for another's code. */
const LOADERS = {
  ours: async init => (await import('./ours.ts')).ours(init),
  js: async init => (await import('./js.ts')).js(init),
  floor: async () => (await import('./floor.ts')).floor(),
  'js-tuned': async init => (await import('./js.ts')).js({ ...init, alpha: 3, disjointPaths: 1 })
} satisfies Record<string, (init?: SubjectInit) => Promise<Subject>>

type JsSubjectName = keyof typeof LOADERS

/** go-libp2p-kad-dht is a process of its own, the program in `bench/go`. */
export type SubjectName = JsSubjectName | 'go'

export const SUBJECTS: SubjectName[] = [...Object.keys(LOADERS) as JsSubjectName[], 'go']

export async function loadSubject (name: SubjectName, init?: SubjectInit): Promise<Subject> {
  if (name === 'go') {
    throw new Error('go is not written in JavaScript')
  }

  return LOADERS[name](init)
}
