// Reads who is to be measured from the command line.

import { InvalidArgumentError } from 'commander'
import type { SubjectName } from './index.ts'

/** A reader of some of the names, separated by commas. */
export function parseSubjects (known: SubjectName[]): (text: string) => SubjectName[] {
  return text => {
    const names = text.split(',').map(name => name.trim())
    const unknown = names.find(name => !(known as string[]).includes(name))

    if (unknown != null || new Set(names).size < names.length) {
      throw new InvalidArgumentError(`It takes some of ${known.join(', ')}, each once, separated by commas.`)
    }

    return names as SubjectName[]
  }
}
